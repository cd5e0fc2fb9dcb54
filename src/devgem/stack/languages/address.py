"""Where a server of any language listens: the port in its code, the variable that overrides it, a loopback address."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from devgem.domain.plan import Argv
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.code import Hit, search

DEFAULT_PORT = 8080
SPEAKS_HTTP = r"HTTP/1\.[01] ?(?:\d{3}|[%{#$])"
"""An answer's first line, written by a program that listens on a plain socket."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1", "127, 0, 0, 1")
_OWN_PORT = r"(PORT|(?:(?:HTTP|SERVER|APP|API|WEB|LISTEN|APPLICATION)_)+PORT)"
"""Names under which programs read their own port; DB_PORT, REDIS_PORT and the like are somebody else's."""
_TELLING = re.compile(
    r"(^|/)\w*(main|app|application|serve|server|config|configuration|settings|options|flags|env|http|web|listen|start|"
    r"startup|run|cmd|program)\w*\.\w+$|(^|/)(config|cmd)/",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Address:
    """`port` is the one in the code, `variable` the config var that overrides it; None where the code shows none."""

    port: int | None = None
    at: Hit | None = None
    variable: str | None = None
    read_at: Hit | None = None
    loopback: bool = False

    def record(self, findings: Findings) -> int:
        """Adds the evidence; the port that the program gets in a container."""
        port = self.port or DEFAULT_PORT
        if self.at:
            findings.add("port", str(port), self.at.path, self.at.line)
        if self.read_at and self.variable:
            findings.add("port_variable", self.variable, self.read_at.path, self.read_at.line)
        return port

    def command(self, argv: Argv) -> Argv:
        """The start command, given PORT under the name that the program reads."""
        if self.variable in (None, "PORT"):
            return argv
        return on_port(f"{self.variable}=$PORT exec {' '.join(argv)}")

    @property
    def sure(self) -> bool:
        """Whether the code shows where it will listen."""
        return self.variable is not None or self.port is not None

    def notes(self, files: Files) -> tuple[str, ...]:
        said = []
        if self.variable is None and self.at:
            where = f"{files.repo_path(self.at.path)}:{self.at.line}"
            said.append(f"{where} fixes port {self.port}; PORT is not read.")
        if self.loopback and self.at:
            where = f"{files.repo_path(self.at.path)}:{self.at.line}"
            said.append(f"{where} listens on loopback only; listen on 0.0.0.0 to be reachable in a container.")
        return tuple(said)


async def find_address(
    files: Files, paths: Iterable[str], reads: Iterable[str], binds: Iterable[str], *, first: Iterable[str] = ()
) -> Address:
    """`reads` are patterns with NAME in the place of an environment variable's name; `binds` patterns with the named
    groups `port` and, where there is one, `host`. A port is looked for in the files `first`, then in those whose names
    speak of a start or of settings: other numbers are the ports of other machines."""
    paths, first = tuple(paths), tuple(first)
    read_at = await search(files, (*first, *paths), *(pattern.replace("NAME", _OWN_PORT) for pattern in reads))
    at = await search(files, first, *binds)
    at = at or await search(files, [path for path in paths if _TELLING.search(path)], *binds)
    host = at.match.groupdict().get("host") if at else None
    return Address(
        port=int(at.match.group("port")) if at else None,
        at=at,
        variable=read_at.value if read_at else None,
        read_at=read_at,
        loopback=host in LOOPBACK,
    )


def on_port(text: str) -> Argv:
    """A start command that needs $PORT put in by a shell."""
    return ("sh", "-c", text if text.startswith(("cd ", "exec ")) or " exec " in text else f"exec {text}")
