"""Checks edits before they are deployed: they apply, they parse, they can be planned, and the app's own tests and
linters pass. Nothing is deployed, and what is not checked is said."""

import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from devgem.domain.app import Build
from devgem.domain.errors import DevGemError
from devgem.domain.log import Redactor
from devgem.domain.plan import BuildPlan, Stack
from devgem.domain.trial import Finding
from devgem.pipeline.parts import Parts
from devgem.pipeline.trials import trials_of
from devgem.source import Command, FolderTree, run_directly, workspace

NO_PLAN = BuildPlan(Stack("unknown"))
_SYNTAX = Path(workspace.__file__).with_name("syntax.py")
_PARSING_SECONDS = 20.0


async def check_edits(parts: Parts, order: Build, edited: Sequence[str], *, own: bool) -> list[Finding]:
    """`order` is what would be built, without its plan and environment; `edited` are the files that are not as in the
    commit."""
    try:
        async with parts.store.read() as transaction:
            user = (await transaction.apps.get(order.app)).owner
        root = await parts.sources.checkout(order.repository, order.commit, order.patch, user=user)
    except DevGemError as error:
        return [Finding("the edits apply", False, error.message)]
    found = [Finding("the edits apply", True), *await _parsed(root, edited)]
    plan = await parts.detect(FolderTree(root), order.repository.dir)
    if not isinstance(plan, BuildPlan):
        return [*found, Finding("it can be planned", False, f"{plan.reason} {plan.fix}".strip())]
    found.append(Finding("it can be planned", True))
    return [*found, *await _tried(parts, replace(order, plan=plan), root, edited, own=own)]


async def _parsed(root: Path, edited: Sequence[str]) -> list[Finding]:
    argv = (sys.executable, "-I", str(_SYNTAX), str(root), *edited)
    outcome = await run_directly(Command(argv, cwd=root, timeout_seconds=_PARSING_SECONDS))
    known, *rows = [json.loads(line) for line in outcome.stdout.decode().splitlines()] or [[]]
    judged = {row[0]: row for row in rows}
    return [_parse_finding(path, judged.get(path)) for path in known]


def _parse_finding(path: str, judged: Sequence[object] | None) -> Finding:
    name = f"{path} parses"
    if judged is None:  # its parser gave up, or took too long
        return Finding(name, None, "it is too large or too deeply nested to be parsed")
    _, language, line, wrong = judged
    where = f"line {line}: " if line else ""
    return Finding(name, not wrong, f"{language}, {where}{wrong}" if wrong else f"{language}")


async def _tried(parts: Parts, order: Build, root: Path, edited: Sequence[str], *, own: bool) -> list[Finding]:
    async with parts.store.read() as transaction:
        app = await transaction.apps.get(order.app)
        env = await transaction.config_vars.values(order.app, build=True)
    tree = FolderTree(root)
    paths = await tree.paths()

    async def read(path: str) -> str:
        return (await tree.read(path)).decode("utf-8", "replace") if path in paths else ""

    trials = await trials_of(order.plan, paths, edited, read)
    if not trials:
        return []
    cloud = parts.clouds[app.app.cloud]
    if failed := [check for check in await cloud.preflight(order.plan, own=own) if not check.ok]:
        return [Finding("its tests and linters", None, "; ".join(check.detail for check in failed))]
    redact = Redactor(env.values())
    seconds = parts.limits.checks_seconds
    found = []
    async with parts.build_slots, aclosing(cloud.try_out(replace(order, env=env), trials, wall_seconds=seconds)) as out:  # type: ignore[type-var]  # the clouds' iterators are generators
        async for finding in out:
            found.append(replace(finding, detail=redact(finding.detail)))
    return found
