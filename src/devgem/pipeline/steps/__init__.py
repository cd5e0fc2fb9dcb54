"""The six steps of a deployment, one module each, in their order."""

from collections.abc import Mapping

from devgem.domain.deployment import Step
from devgem.pipeline import work
from devgem.pipeline.steps.build import build
from devgem.pipeline.steps.fetch import fetch
from devgem.pipeline.steps.plan import plan
from devgem.pipeline.steps.release import release
from devgem.pipeline.steps.shift import shift
from devgem.pipeline.steps.verify import verify

STEPS: Mapping[Step, work.Step] = {
    Step.FETCH: fetch,
    Step.PLAN: plan,
    Step.BUILD: build,
    Step.RELEASE: release,
    Step.VERIFY: verify,
    Step.SHIFT: shift,
}
