"""The cases: logs as the tools print them, each with the cause that it must lead to.

A case is a table of cases/*.toml. Keys: `rule` (the id that must be found; empty: none), `log` (the lines), `cause`
(texts that the diagnosis's cause must hold), `says` (texts that its summary must hold), `diff` (path of a diff that
must come and, after `->`, a text that the file must then hold), `command`, `vars`, `confidence`; for the evidence:
`code`, `failure` (its cause), `shown` (its evidence), `fix`, `candidates`, `step`, `stack` (language/package
manager/framework), `dir`, `inputs` and `reads` (of the plan), `files`, `paths`, `env`, `exit`, `signal`. `why` says
what a case is for where that is not plain.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devgem.agent.diagnosis import Evidence
from devgem.domain.deployment import Step
from devgem.domain.failure import Failure
from devgem.domain.log import LogLine
from devgem.domain.plan import BuildPlan, Stack

FOLDER = Path(__file__).parent / "cases"
AT = datetime(2026, 11, 23, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    origin: str
    rule: str
    log: str = ""
    cause: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    diff: str = ""
    command: str = ""
    vars: list[str] = field(default_factory=list)
    confidence: str = ""
    code: str = ""
    failure: str = "it failed"
    shown: str = ""
    fix: str = ""
    step: str = "build"
    stack: str = ""
    dir: str = "."
    files: dict[str, str] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    candidates: list[dict[str, str]] = field(default_factory=list)
    env: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    exit: int | None = 1
    signal: int | None = None
    reads: list[str] = field(default_factory=list)
    why: str = ""

    @property
    def evidence(self) -> Evidence:
        failure = Failure(self.code or self._code, self.failure, self.fix, self.shown, candidates=self.candidates)
        return Evidence(
            app="shop",
            step=Step(self.step),
            failure=failure,
            lines=lines(self.log),
            plan=self._plan,
            files=self.files,
            paths=(*self.files, *self.paths),
            env=self.env,
            exit_code=self.exit,
            signal=self.signal,
            served_before=True,
            folder=self.dir,
        )

    @property
    def _code(self) -> str:
        return "command_failed" if self.step == "build" else "exited"

    @property
    def _plan(self) -> BuildPlan | None:
        if not self.stack:
            return None
        language, manager, framework = [*self.stack.split("/"), "", ""][:3]
        stack = Stack(language, framework or None, manager or None)
        return BuildPlan(stack, dir=self.dir, install_inputs=tuple(self.inputs), env_names=tuple(self.reads))


def lines(log: str) -> list[LogLine]:
    return [LogLine(text, "err", AT, seq) for seq, text in enumerate(log.strip("\n").split("\n"), start=1)]


def all_cases() -> list[Case]:
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.toml")):
        table: dict[str, Any] = tomllib.loads(path.read_text())
        found += [
            Case(origin=f"{path.stem}-{number}-{row['rule'] or 'none'}", **row)
            for number, row in enumerate(table["case"], start=1)
        ]
    return found
