"""The order of a deployment."""

from collections.abc import Callable
from functools import partial

from devgem.domain.deployment import Step
from devgem.pipeline.conclusion import conclude, tidy
from devgem.pipeline.durable import Durable
from devgem.pipeline.parts import Parts
from devgem.pipeline.runner import Runner, Verdict


class DeploymentWorkflow:
    """`turn_passed` is told, when a deployment has ended, which one is to be begun."""

    def __init__(
        self, parts: Parts, durable: Durable, runner: Runner, turn_passed: Callable[[str | None], None]
    ) -> None:
        self._parts = parts
        self._durable = durable
        self._runner = runner
        self._turn_passed = turn_passed

    async def run(self, id: str) -> None:
        for step in Step:
            verdict = await self._durable.step(step, partial(self._runner.run, step, id))
            if not verdict["goes_on"]:
                await self._durable.step("tidy", partial(tidy, self._parts, id))
                break
        await self._durable.step("conclude", partial(self._conclude, id, verdict))

    async def _conclude(self, id: str, verdict: Verdict) -> None:
        self._turn_passed(await conclude(self._parts, id, verdict["step"], verdict["failure"]))
