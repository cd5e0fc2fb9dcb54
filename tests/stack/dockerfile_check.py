"""A strict reader of our Dockerfiles: it refuses what BuildKit would, and checks what we promise."""

import json
import re
import shlex
from dataclasses import dataclass, field

from devgem.domain.plan import BuildPlan, Kind

KNOWN = {"FROM", "RUN", "COPY", "ENV", "WORKDIR", "USER", "EXPOSE", "CMD", "ENTRYPOINT"}


@dataclass
class Stage:
    image: str
    name: str | None
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def values(self, name: str) -> list[str]:
        return [text for found, text in self.instructions if found == name]


def parse(text: str) -> list[Stage]:
    stages: list[Stage] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            assert not line.startswith("# syntax"), "needs a frontend from a registry"
            continue
        assert not line.endswith("\\"), line
        name, _, rest = line.partition(" ")
        assert name in KNOWN, line
        assert rest, line
        if name == "FROM":
            found = re.fullmatch(r"(\S+)(?: AS ([a-z]+))?", rest)
            assert found, line
            stages.append(Stage(found[1], found[2]))
        else:
            assert stages, "an instruction before FROM"
            stages[-1].instructions.append((name, rest))
    return stages


def check(text: str, plan: BuildPlan, paths: list[str]) -> None:
    """Everything that must hold for the Dockerfile of any plan of a tree with these paths."""
    assert text.endswith("\n") and "--mount" not in text and "<<" not in text
    build, run = parse(text)
    assert build.name == "build" and run.name is None
    for stage in (build, run):
        assert re.fullmatch(r"[a-z0-9./-]+:[a-z0-9.-]*[a-z0-9]", stage.image) and "latest" not in stage.image, (
            stage.image
        )
        for env in stage.values("ENV"):
            assert re.match(r"[A-Za-z_][A-Za-z0-9_]*=", env), env
        for command in stage.values("RUN"):
            shlex.split(json.loads(command)[-1] if command.startswith("[") else command)
    _check_copies(build, run, paths)
    assert re.fullmatch(r"\d+:\d+", run.values("USER")[-1]) and run.values("USER")[-1] != "0:0"
    assert [name for name, _ in run.instructions].index("USER") > [name for name, _ in run.instructions].index("RUN")
    command = json.loads(run.values("CMD")[-1])
    assert command and all(isinstance(word, str) for word in command)
    if plan.stack.kind is not Kind.WORKER:
        assert run.values("EXPOSE") == [str(plan.port)]
        assert f"PORT={plan.port}" in run.values("ENV")


def _check_copies(build: Stage, run: Stage, paths: list[str]) -> None:
    order = [(name, text) for name, text in build.instructions if name in ("COPY", "RUN")]
    assert ("COPY", ". /app") in order
    for text in build.values("COPY"):
        if text.startswith("--from="):
            assert re.match(r"--from=[a-z/-]+:\d", text), text
            continue
        *sources, target = json.loads(text) if text.startswith("[") else text.split()
        assert target.startswith("/app")
        assert all(source == "." or source in paths for source in sources), text
        assert len(sources) == 1 or target.endswith("/"), text
    for text in run.values("COPY"):
        assert re.match(r"--from=(build|[a-z/-]+:\d+) ", text), text
        assert not re.search(r"(^|\s)/app(\s|$)", text) or "--chown=" in text
