"""Finds the code that listens for requests, by following the relative imports of an entry file."""

import posixpath
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.node.javascript import Code
from devgem.stack.node.values import Value, evaluate

_EXTENSIONS = ("", ".ts", ".js", ".mjs", ".mts", ".cjs", ".cts", ".tsx", ".jsx", "/index.ts", "/index.js", "/index.mjs")
_FILES = 80
_ASIDE = re.compile(r"(^|/)(tests?|__tests__|mocks?|__mocks__)/|\.(json|css|test\.\w+|spec\.\w+)$")
_LISTEN = re.compile(
    r"(?<!history)(?<!navigation)(?<!\bdevServer)\??\.listen\s*(?=\()|\b(?:Bun|Deno)\.serve\s*(?=\()|\bstartStandaloneServer\s*(?=\()"
    r"|\bHapi\.(?:server|Server)\s*(?=\()|\bnew\s+(?:WebSocketServer|WebSocket\.Server|ws\.Server|Hapi\.Server)\s*(?=\()"
    r"|\b\w+\.start\s*(?=\([^)]*(?i:port))|\.httpServer\(\)\s*\.start\s*(?=\()"
)
_SERVE = re.compile(r"(?<![\w.$])serve\s*(?=\()")
_SERVE_MODULES = re.compile(r"@hono/node-server|srvx|https://deno\.land/std.*/http/|@std/http|jsr:@std/http")
_DEFAULT_HANDLER = re.compile(r"^\s*export\s+default\s+", re.MULTILINE)
_PORT_SETTING = re.compile(r"(?<![\w$.])['\"]?(?:\w*_)?(?i:port)['\"]?\s*(?:[:=](?![=>])|,(?=[^,]*env))\s*")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Port:
    """A port as far as it is written, and whether PORT decides it (None: it cannot be seen)."""

    number: int | None = None
    reads: bool | None = None


@dataclass(frozen=True)
class Listener:
    """Where the code listens: `port` as far as it is written there, `reads_port` whether PORT decides (None: it cannot
    be seen), `host` when it is bound to one."""

    path: str
    line: int
    port: int | None
    reads_port: bool | None
    host: str | None = None

    @property
    def is_loopback(self) -> bool:
        return self.host in _LOOPBACK


async def find_listener(files: Files, entry: str, *, bun: bool = False, deep: bool = True) -> Listener | None:
    """The first listening call in an entry file and, where `deep`, in what it imports; `bun` also takes a default
    export with a handler for one, as Bun does (https://bun.com/docs/api/http)."""
    codes = [code async for code in _reachable(files, entry, _FILES if deep else 1)]
    for code in codes:
        for call in _calls(code):
            if found := _listener(code, call, codes):
                return found
    if bun and codes and (match := _DEFAULT_HANDLER.search(codes[0].shape)):
        code, start = codes[0], match.end()
        value = code.expression(start)
        if "fetch" in value or re.search(r"\b(Hono|Elysia)\b", code.shape):
            port = _first_port(Code(value), codes) if value.startswith("{") else None
            port = port or Port(3000, reads=True)
            return Listener(code.path, code.line(start), port.number, port.reads)
    return None


async def reachable_modules(files: Files, entry: str) -> frozenset[str]:
    """Every module that an entry file imports, itself or through its relative imports."""
    return frozenset([module async for code in _reachable(files, entry) for module in code.modules()])


async def reachable_paths(files: Files, entry: str) -> frozenset[str]:
    """An entry file and what it imports of the same repository."""
    return frozenset([code.path async for code in _reachable(files, entry)])


def resolve(files: Files, path: str) -> str | None:
    """The file that a path without or with a foreign extension means: `./app` is app.ts, `./app.js` may be app.ts."""
    path = posixpath.normpath(path)
    stems = [path, re.sub(r"\.([cm]?)js$", r".\1ts", path), re.sub(r"\.jsx?$", "", path)]
    return files.first(*(stem + extension for stem in stems for extension in _EXTENSIONS))


async def _reachable(files: Files, entry: str, limit: int = _FILES) -> AsyncIterator[Code]:
    waiting, seen, read = [entry], {entry}, 0
    while waiting and read < limit:
        read += 1
        path = waiting.pop(0)
        code = Code(await files.text(path), path)
        yield code
        for module in code.modules():
            near = _near(path, module)
            found = next((hit for place in near if (hit := resolve(files, place))), None)
            if found and found not in seen and not _ASIDE.search(found):
                seen.add(found)
                waiting.append(found)


def _near(path: str, module: str) -> list[str]:
    """Where a module may lie: relative to its importer, or below src for the usual aliases."""
    if module.startswith("."):
        return [posixpath.join(posixpath.dirname(path), module)]
    if match := re.match(r"(?:@|~|#)/?(?=\w)(.+)", module):
        rest = match.group(1).removeprefix("src/")
        return [f"src/{rest}", rest]
    return [module] if module.startswith("src/") else []


def _calls(code: Code) -> Iterator[re.Match[str]]:
    yield from _LISTEN.finditer(code.shape)
    if any(_SERVE_MODULES.match(module) for module in code.modules()):
        yield from _SERVE.finditer(code.shape)


def _listener(code: Code, match: re.Match[str], codes: list[Code]) -> Listener | None:
    arguments = code.arguments(match.end())
    is_new = match.group().startswith("new")
    options = next((text for text in arguments if text.startswith("{")), "")
    if is_new and "port" not in options:
        return None
    host = None
    port: Port | None = None
    if options:
        port = _first_port(Code(options), codes)
        host = _text(Code(options), ("host", "hostname"), code)
    elif arguments:
        port = _address(arguments[0], code, codes)
        host = evaluate(arguments[1], code).text if len(arguments) > 1 else None
    if match.group().startswith(("Bun", "Deno")) and "port" not in "".join(arguments):
        # Bun.serve takes PORT by itself; Deno.serve does not (https://docs.deno.com/api/deno/~/Deno.serve).
        port = Port(3000, reads=True) if match.group().startswith("Bun") else Port(8000, reads=False)
    port = port or Port()
    return Listener(code.path, code.line(match.start()), port.number, port.reads, host)


def _first_port(options: Code, codes: list[Code]) -> Port | None:
    """What `port` is in an options object, also nested or in shorthand."""
    for entry in options.entries:
        if entry.path[-1] == "port":
            return _address(entry.value, options, codes)
    return _address("port", options, codes) if re.search(r"[{,]\s*port\s*[,}]", options.shape) else None


def _address(expression: str, code: Code, codes: list[Code]) -> Port:
    """An expression for a port; one that names something from elsewhere is looked up in the files traced."""
    direct = list(_readings(expression, code))
    if (found := _best(direct)) and (found.number is not None or "port" not in expression.lower()):
        return Port(found.number, "PORT" in found.env)
    settings = [value for known in codes for value in _settings(known)]
    several = len({value.number for value in settings if "PORT" not in value.env and value.number}) > 1
    found = _best([*direct, *(value for value in settings if "PORT" in value.env or not several)])
    return Port(found.number, True if "PORT" in found.env else None) if found else Port()


def _best(readings: list[Value]) -> Value | None:
    """Of what PORT decides, a number before none; else any number."""
    by_env = [value for value in readings if "PORT" in value.env]
    return next((value for value in by_env or readings if value.number is not None), next(iter(by_env), None))


def _readings(expression: str, code: Code) -> Iterator[Value]:
    """What an expression is; of `a || b || c` whose whole cannot be read, `b || c`, and so on."""
    text = _unwrapped(expression)
    yield evaluate(text, code)
    while match := re.search(r"\|\||\?\?", text):
        text = text[match.end() :]
        yield evaluate(_unwrapped(text), code)


def _settings(code: Code) -> Iterator[Value]:
    """What a file says of anything called port."""
    for match in _PORT_SETTING.finditer(code.bare):
        text = _unwrapped(code.expression(match.end()).split("\n")[0])
        yield from _readings(text, code)
        if default := re.search(r"default['\"]?\s*[(:]\s*['\"]?(\d{2,5})", text):
            yield Value(int(default.group(1)), env=frozenset({"PORT"}))


def _unwrapped(expression: str) -> str:
    """The inside of `normalizePort(...)`, `+x`, `getPort(...)` and the like."""
    text = expression.strip().lstrip("+").strip()
    while match := re.fullmatch(
        r"(?:\w*[pP]ort\w*|Number|parseInt|\w+\.parseInt|toNumber)\((.*?)(?:,\s*10)?\)", text, re.DOTALL
    ):
        text = match.group(1).strip()
    return text


def _text(options: Code, keys: tuple[str, ...], code: Code) -> str | None:
    found = [entry.value for entry in options.entries if entry.path[-1] in keys]
    return evaluate(found[0], code).text if found else None
