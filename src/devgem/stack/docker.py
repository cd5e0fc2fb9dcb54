"""A repository's own Dockerfile: which one it is, and what its last stage says about port and start.

https://docs.docker.com/reference/dockerfile/
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from devgem.stack.files import Files

_USUAL = ("Dockerfile", "dockerfile", "Containerfile", "Dockerfile.prod", "Dockerfile.production", "prod.Dockerfile")
_FOLDERS = ("docker", "deploy", ".docker", "build/package")
_SERVER_IMAGES = {"nginx": 80, "nginxinc/nginx-unprivileged": 8080, "httpd": 80, "caddy": 80, "php": 80, "tomcat": 8080}


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined; `line` is where it begins."""

    name: str
    text: str
    line: int


@dataclass(frozen=True)
class Dockerfile:
    """What the image that comes out will do. `path` is relative to the app's folder."""

    path: str
    port: int | None = None
    port_line: int | None = None
    start: str | None = None
    start_line: int | None = None
    base: str = ""
    base_line: int | None = None
    reads_port: bool = False

    @property
    def is_server(self) -> bool:
        return self.port is not None or self.reads_port

    @property
    def starts(self) -> bool:
        """Whether the file says what is run; a known server's image says so itself."""
        return self.start is not None or _image_port(self.base) is not None


def find_dockerfile(files: Files) -> str | None:
    """The path of the Dockerfile that is meant for deployment. `Dockerfile.dev`, `.test` and the like are none."""
    inside = [f"{folder}/{name}" for folder in _FOLDERS for name in _USUAL if not _has_manifest(files, folder)]
    return files.first(*_USUAL, *inside)


def _has_manifest(files: Files, folder: str) -> bool:
    """Whether the folder is an app of its own, that happens to be called docker."""
    own = (
        "package.json",
        "requirements.txt",
        "pyproject.toml",
        "go.mod",
        "Cargo.toml",
        "pom.xml",
        "Gemfile",
        "composer.json",
    )
    return files.first(*(f"{folder}/{name}" for name in own)) is not None


def development_dockerfiles(files: Files) -> list[str]:
    return [p for p in files.paths if re.fullmatch(r"(?:docker/)?(?:Dockerfile\.\w+|\w+\.Dockerfile)", p)]


async def read_dockerfile(files: Files, path: str) -> Dockerfile:
    return summarize(path, await files.text(path))


def summarize(path: str, text: str) -> Dockerfile:
    """Follows the last stage back through the stages that it is built on."""
    stages = _stages(instructions(text))
    if not stages:
        return Dockerfile(path)
    chain = _chain(stages)
    said = [i for stage in chain for i in stage.instructions]
    base = chain[0]
    exposed = _web_port([(port, i.line) for i in said if i.name == "EXPOSE" for port in _ports(i.text, said)])
    start = next((i for i in reversed(said) if i.name == "CMD"), None)
    entry = next((i for i in reversed(said) if i.name == "ENTRYPOINT" and i.text.strip() != "[]"), None)
    both = " ".join(_command(i.text) for i in (entry, start) if i)
    fallback = _image_port(base.image)
    return Dockerfile(
        path,
        port=exposed[0] if exposed else fallback,
        port_line=exposed[1] if exposed else base.line if fallback else None,
        start=both or None,
        start_line=entry.line if entry else start.line if start else None,
        base=base.image,
        base_line=base.line,
        reads_port=bool(re.search(r"\$\{?PORT\b", both)),
    )


@dataclass
class _Stage:
    image: str
    name: str
    line: int
    instructions: list[Instruction] = field(default_factory=list)


def _stages(found: Iterator[Instruction]) -> list[_Stage]:
    stages: list[_Stage] = []
    arguments: dict[str, str] = {}
    for one in found:
        if one.name == "FROM":
            words = [w for w in one.text.split() if not w.startswith("--")]
            image = _filled(words[0], arguments) if words else ""
            stages.append(_Stage(image, words[2].lower() if len(words) > 2 else "", one.line))
        elif stages:
            stages[-1].instructions.append(one)
        elif one.name == "ARG":
            name, _, value = one.text.partition("=")
            arguments[name.strip()] = value.strip().strip("\"'")
    return stages


def _chain(stages: list[_Stage]) -> list[_Stage]:
    """From the first ancestor to the last stage."""
    chain = [stages[-1]]
    while len(chain) <= len(stages):
        parent = next((s for s in stages if s.name and s.name == chain[0].image.lower() and s not in chain), None)
        if parent is None:
            break
        chain.insert(0, parent)
    return chain


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile; comments, continuations and here-documents understood."""
    lines = enumerate(text.splitlines(), 1)
    for number, raw in lines:
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        whole = line
        while whole.endswith("\\"):
            following = next(lines, None)
            if following is None:
                break
            if not following[1].lstrip().startswith("#"):
                whole = whole[:-1] + " " + following[1].strip()
        for end in re.findall(r"<<-?[\"']?(\w+)", whole):
            while (following := next(lines, None)) and following[1].strip() != end:
                pass
        name, _, rest = whole.partition(" ")
        yield Instruction(name.upper(), rest.strip(), number)


def _web_port(exposed: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The port of several that looks like HTTP, else the first."""
    return min(
        exposed,
        key=lambda found: (found[0] in (22, 25, 443, 8443), found[0] not in (80, 3000, 8000, 8080)),
        default=None,
    )


def _ports(text: str, said: list[Instruction]) -> Iterator[int]:
    env: dict[str, str] = {}
    for one in said:
        if one.name in ("ENV", "ARG"):
            env.update(re.findall(r"(\w+)[= ]\"?([^\s\"]+)", one.text))
    for word in _filled(text, env).split():
        number, _, protocol = word.partition("/")
        if protocol.lower() != "udp" and number.isdigit() and 0 < int(number) < 65536:
            yield int(number)


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", lambda m: values.get(m[1]) or m[2] or "", text)


def _command(text: str) -> str:
    if not text.startswith("["):
        return text
    try:
        words = json.loads(text)
    except ValueError:
        return text
    return " ".join(map(str, words)) if isinstance(words, list) else text


def _image_port(image: str) -> int | None:
    """The port of a server's image that is used as it is."""
    name = image.partition("@")[0].partition(":")[0].removeprefix("docker.io/").removeprefix("library/")
    if name == "php" and "apache" not in image:
        return None
    return _SERVER_IMAGES.get(name)
