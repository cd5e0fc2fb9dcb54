"""Reads Go source: which folders hold programs, what they are made of, and whether they serve HTTP."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devgem.stack.env_names import source_paths
from devgem.stack.files import Files
from devgem.stack.languages.address import SPEAKS_HTTP, Address, find_address
from devgem.stack.languages.code import Hit, nearest_above, read_code, search

_PACKAGE_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_FUNC_MAIN = re.compile(r"^func\s+main\s*\(\s*\)", re.MULTILINE)
_NOT_BUILT = re.compile(r"^//\s*(?:go:build\s+(?:ignore|tools|wasm|js)\b|\+build\s+(?:ignore|tools)\b)", re.MULTILINE)
_IMPORTS = re.compile(r"^import\s*\((.*?)^\)|^import\s+(?:[\w.]+\s+)?(\"[^\"]+\")", re.MULTILINE | re.DOTALL)
_IGNORED = re.compile(r"(^|/)(?:[_.][^/]*|testdata|internal|tools?|hack|third_party)/")
_NET_HTTP = r"\.ListenAndServe(?:TLS)?\(|\bhttp\.Serve(?:TLS)?\("
_NET_HTTP_SERVER = r"\bhttp\.Server\s*\{"
_CLOSURE_LIMIT = 300

_RUN = r"\.Run(?:TLS|Listener|Unix)?\("

# Framework, the import path that it starts with, and what shows that it is told to listen: in a file that imports it,
# or with an argument (`exec.Command(...).Run()` has none) anywhere.
FRAMEWORKS: Sequence[tuple[str, str, str]] = (
    ("gin", "github.com/gin-gonic/gin", _RUN),
    ("echo", "github.com/labstack/echo", r"\.Start(?:TLS|AutoTLS|Server|H2CServer)?\("),
    ("fiber", "github.com/gofiber/fiber", r"\.Listen(?:TLS|er|MutualTLS)?\("),
    ("chi", "github.com/go-chi/chi", _NET_HTTP),
    ("beego", "github.com/beego/beego", r"\b(?:web|beego)\.Run\("),
    ("iris", "github.com/kataras/iris", r"\.(?:Run|Listen)\("),
    ("flamego", "github.com/flamego/flamego", _RUN),
    ("hertz", "github.com/cloudwego/hertz", r"\.Spin\(|\.Run\("),
    ("gorilla", "github.com/gorilla/mux", _NET_HTTP),
    ("httprouter", "github.com/julienschmidt/httprouter", _NET_HTTP),
    ("fasthttp", "github.com/valyala/fasthttp", r"fasthttp\.(?:ListenAndServe|Serve)|\.ListenAndServe\("),
    ("net/http", "net/http", _NET_HTTP),
)
_OTHER_PROTOCOL = r"\bgrpc\.NewServer\(|\bnet\.Listen(?:TCP|UDP|Packet)?\("
_READS = (
    r"os\.(?:Getenv|LookupEnv)\(\s*\"NAME\"",
    r"\b[Ee]nv\w*:\"NAME\b",
    r"(?:BindEnv|[gG]et[eE]nv\w*|GetString|GetInt)\(\s*\"NAME\"",
    r"^\s*(?:case\s+)?\"NAME\"\s*:",
)
_BINDS = (
    r"\.(?:ListenAndServe(?:TLS)?|Run(?:TLS)?|Start(?:TLS)?|Listen(?:TLS)?)\(\s*\"(?P<host>[\w.\[\]-]*):(?P<port>\d{2,5})\"",
    r"\bAddr:\s*\"(?P<host>[\w.\[\]-]*):(?P<port>\d{2,5})\"",
    r"\bnet\.Listen\(\s*\"tcp4?\"\s*,\s*\"(?P<host>[\w.\[\]-]*):(?P<port>\d{2,5})\"",
    r"flag\.\w+\(.*\"(?P<host>[\w.\[\]-]*):(?P<port>\d{2,5})\"",
    r"flag\.\w+\(.*\"[\w-]*port\"\s*,\s*\"?(?P<port>\d{2,5})\b",
    r"(?i)\b\w*(?:port|addr|address|listen)\w*\s*:?=\s*\"?(?P<host>[\w.]*?):?(?P<port>\d{3,5})\"?\s*$",
    r"(?i)\bSetDefault\(\s*\"[\w.]*port\"\s*,\s*\"?(?P<port>\d{2,5})",
)
_COMMANDS = (
    "github.com/bep/simplecobra",
    "github.com/mitchellh/cli",
    "github.com/spf13/cobra",
    "github.com/urfave/cli",
    "github.com/alecthomas/kong",
)
_SERVE = r"\b(?:Use|Name):\s*\"(serve|server|web|start|run|api|http)\b"


@dataclass(frozen=True)
class Main:
    """A program: the folder of its package, the one of the go.mod above it, and its sources with those of the
    repository's packages that it imports. Paths are relative to the repository's root. `using` is where it imports
    its framework, `listens` where it starts to serve HTTP."""

    dir: str
    module: str
    path: str
    line: int
    sources: tuple[str, ...]
    imports: Mapping[str, str]
    framework: str | None = None
    using: Hit | None = None
    listens: Hit | None = None
    other_protocol: Hit | None = None


async def find_mains(files: Files, modules: Mapping[str, str]) -> list[Main]:
    """The programs in a folder. `modules` are the repository's own module paths with their folders."""
    found: dict[str, Main] = {}
    for path in dict.fromkeys((*source_paths(files, ("main.go",)), *source_paths(files, (".go",)))):
        if _IGNORED.search(path):
            continue
        text = await read_code(files, path)
        main = _FUNC_MAIN.search(text)
        full = files.repo_path(path)
        folder = posixpath.dirname(full) or "."
        if (
            main
            and folder not in found
            and _PACKAGE_MAIN.search(text)
            and not _NOT_BUILT.search(await files.text(path))
        ):
            line = text.count("\n", 0, main.start()) + 1
            found[folder] = await _main(files.root, folder, full, line, modules)
    return list(found.values())


async def _main(root: Files, folder: str, path: str, line: int, modules: Mapping[str, str]) -> Main:
    above = nearest_above(root.below(folder), "go.mod")
    module = above.dir if above else folder
    sources, imports = await _closure(root, folder, modules)
    for framework, prefix, pattern in FRAMEWORKS:
        importing = [p for p in sources if re.search(rf'"{re.escape(prefix)}[/"]', await root.text(p))]
        using = await search(root, importing, rf'"({re.escape(prefix)})[/"]')
        if using is None:
            continue
        elsewhere = (_NET_HTTP, _NET_HTTP_SERVER, rf"(?:{pattern})[^)]")
        listens = await search(root, importing, pattern) or await search(root, sources, *elsewhere)
        if listens:
            return Main(folder, module, path, line, sources, imports, framework, using, listens)
    other = await search(root, sources, _OTHER_PROTOCOL)
    if other and await search(root, sources, SPEAKS_HTTP):
        return Main(folder, module, path, line, sources, imports, listens=other)
    return Main(folder, module, path, line, sources, imports, other_protocol=other)


async def _closure(root: Files, start: str, modules: Mapping[str, str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """The files of a package and of the repository's own packages that it imports, and each import with one file that
    has it."""
    by_folder: dict[str, list[str]] = {}
    for path in root.paths:
        if path.endswith(".go") and not path.endswith("_test.go"):
            by_folder.setdefault(posixpath.dirname(path) or ".", []).append(path)
    sources: list[str] = []
    imports: dict[str, str] = {}
    queue, seen = [start], {start}
    while queue and len(sources) < _CLOSURE_LIMIT:
        for path in by_folder.get(queue.pop(0), ()):
            text = await read_code(root, path)
            if _NOT_BUILT.search(await root.text(path)):
                continue
            sources.append(path)
            for imported in _imported(text):
                imports.setdefault(imported, path)
                folder = _own_folder(imported, modules)
                if folder and folder not in seen:
                    seen.add(folder)
                    queue.append(folder)
    return tuple(sources), imports


def _imported(text: str) -> list[str]:
    blocks = (m.group(1) or m.group(2) for m in _IMPORTS.finditer(text))
    return [name for block in blocks for name in re.findall(r'"([^"]+)"', block)]


def _own_folder(imported: str, modules: Mapping[str, str]) -> str | None:
    for module, folder in modules.items():
        if imported == module or imported.startswith(module + "/"):
            return posixpath.normpath(f"{folder}/{imported[len(module) :].strip('/')}")
    return None


async def address_of(root: Files, main: Main) -> Address:
    """Where the program listens. gin's Run() without an argument reads PORT, and takes 8080 without it."""
    first = [main.path, *([main.listens.path] if main.listens else [])]
    address = await find_address(root, main.sources, _READS, _BINDS, first=first)
    if main.framework == "gin" and address == Address() and (hit := await search(root, main.sources, r"\.Run\(\s*\)")):
        return Address(variable="PORT", read_at=hit)
    return address


def has_commands(main: Main) -> bool:
    """Whether the program takes subcommands."""
    return any(name.startswith(_COMMANDS) for name in main.imports)


async def serve_command(root: Files, main: Main) -> Hit | None:
    """The subcommand that starts the server."""
    return await search(root, main.sources, _SERVE) if has_commands(main) else None
