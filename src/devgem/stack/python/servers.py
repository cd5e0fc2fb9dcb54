"""Finds the places where a program starts its own server: on which port, and when."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from devgem.stack.python.apps import AppObject, assignments
from devgem.stack.python.frameworks import SERVER_CALLS
from devgem.stack.python.source import Module, Sources

_PACKAGES = frozenset(("gradio", "tornado", "flask_socketio", *(call.partition(".")[0] for call in SERVER_CALLS)))
"""A file that imports none of these, and has no app object, starts no server."""


class When(StrEnum):
    """At what moment a call is reached."""

    MAIN = "when the file is run"
    IMPORT = "when the file is imported"
    LATER = "when a function is called"


@dataclass(frozen=True)
class ServerCall:
    """A call that starts a server. `port` is None when the code names none; `reads_port` when it takes PORT from the
    environment; `target` is the import string that is given to `uvicorn.run("pkg.mod:app")`."""

    module: Module
    server: str
    line: int
    when: When
    port: int | None
    default_port: int
    reads_port: bool = False
    host: str | None = None
    target: str | None = None
    runs: str | None = None

    @property
    def is_loopback_only(self) -> bool:
        return self.host in ("127.0.0.1", "localhost", "::1")


def find_servers(sources: Sources, apps: list[AppObject]) -> list[ServerCall]:
    return [call for module in sources.modules for call in _in_module(module, apps)]


def has_main(module: Module) -> bool:
    """Whether the file does something when it is run: an `if __name__ == "__main__"`, or being `__main__.py`."""
    return module.path.endswith("__main__.py") or any(_is_main(node) for node in module.tree.body)


def main_line(module: Module) -> int | None:
    return next((node.lineno for node in module.tree.body if _is_main(node)), None)


def _in_module(module: Module, apps: list[AppObject]) -> Iterator[ServerCall]:
    here = {app.name: app for app in apps if app.module is module}
    if not here and not _PACKAGES & {name.partition(".")[0] for name in module.imported}:
        return
    values = {name: value for name, _, value, _ in assignments(module.tree.body)}
    for when, node in _calls(module.tree):
        kind = _server(module, node, here)
        if kind is None:
            continue
        server, default = kind
        port, reads = _port(module, node, values)
        first = node.args[0] if node.args else None
        yield ServerCall(
            module,
            server,
            node.lineno,
            when,
            port,
            default,
            reads_port=reads,
            host=_host(node, values),
            target=first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None,
            runs=_runs(node, first),
        )


def _calls(tree: ast.Module) -> Iterator[tuple[When, ast.Call]]:
    for statement in tree.body:
        inside = When.MAIN if _is_main(statement) else When.IMPORT
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inside = When.LATER
        stack: list[tuple[When, ast.AST]] = [(inside, statement)]
        while stack:
            when, node = stack.pop()
            if isinstance(node, ast.Call):
                yield when, node
            nested = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            stack += [(When.LATER if nested else when, child) for child in ast.iter_child_nodes(node)]


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in ast.walk(node.test)
    )


def _server(module: Module, node: ast.Call, apps: dict[str, AppObject]) -> tuple[str, int] | None:
    dotted = module.dotted(node.func) or ""
    if dotted in SERVER_CALLS:
        return SERVER_CALLS[dotted]
    if isinstance(node.func, ast.Name):
        starred = next((f"{s}.{node.func.id}" for s in module.stars if f"{s}.{node.func.id}" in SERVER_CALLS), None)
        if starred:
            return SERVER_CALLS[starred]
    if not isinstance(node.func, ast.Attribute):
        return None
    owner = node.func.value.id if isinstance(node.func.value, ast.Name) else None
    app = apps.get(owner or "")
    if app and node.func.attr in ("run", "run_server", "launch", "listen"):
        return app.framework.name, app.framework.port
    if node.func.attr == "run" and owner and "socketio" in owner.lower() and node.args:
        return "flask-socketio", 5000
    if node.func.attr == "launch" and isinstance(node.func.value, ast.Call | ast.Name) and _imports(module, "gradio"):
        return "gradio", 7860
    if node.func.attr == "listen" and _imports(module, "tornado"):
        return "tornado", 8888
    return None


def _imports(module: Module, package: str) -> bool:
    return any(name.partition(".")[0] == package for name in module.imported)


def _runs(node: ast.Call, first: ast.expr | None) -> str | None:
    """The name of the app object that the call serves, where it is a plain name."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("run_server", "launch", "listen"):
        return node.func.value.id if isinstance(node.func.value, ast.Name) else None
    if isinstance(first, ast.Name):
        return first.id
    return (
        node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else None
    )


def _port(module: Module, node: ast.Call, values: dict[str, ast.expr]) -> tuple[int | None, bool]:
    """(the port as the code names it, whether the environment's PORT comes first)."""
    given = next((k.value for k in node.keywords if k.arg in ("port", "server_port", "bind_port")), None)
    if given is None:
        address = next((k.value for k in node.keywords if k.arg == "server_address"), None)
        for arg in [address, *node.args] if address else node.args:
            if isinstance(arg, ast.Name) and isinstance(values.get(arg.id), ast.Tuple):
                arg = values[arg.id]
            if isinstance(arg, ast.Tuple) and len(arg.elts) == 2:
                given = arg.elts[1]
                break
        else:
            given = next((arg for arg in node.args if _plain_port(arg, values) is not None), None)
    if given is None:
        return None, False
    return _plain_port(given, values), _reads_port(given, values)


def _plain_port(node: ast.expr, values: dict[str, ast.expr], depth: int = 0) -> int | None:
    """The number in `8000`, `PORT` (a module's constant), `int(os.environ.get("PORT", 8000))`, `x or 8000`."""
    if depth > 4:
        return None
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool) and 0 < number < 65536:
            return number
        case ast.Constant(value=str(text)) if depth and text.isdigit() and 0 < int(text) < 65536:
            return int(text)
        case ast.Name(id=name) if name in values:
            return _plain_port(values[name], values, depth + 1)
        case ast.Call(args=args):
            found = [p for arg in reversed(args) if (p := _plain_port(arg, values, depth + 1)) is not None]
            return found[0] if found else None
        case ast.BoolOp(values=parts):
            return _plain_port(parts[-1], values, depth + 1)
    return None


def _reads_port(node: ast.expr, values: dict[str, ast.expr]) -> bool:
    nodes = [node, *(values[n.id] for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in values)]
    return any(isinstance(n, ast.Constant) and n.value == "PORT" for top in nodes for n in ast.walk(top))


def _host(node: ast.Call, values: dict[str, ast.expr]) -> str | None:
    given = next((k.value for k in node.keywords if k.arg in ("host", "server_name", "address", "hostname")), None)
    if given is None:
        pair = next((arg for arg in node.args if isinstance(arg, ast.Tuple) and len(arg.elts) == 2), None)
        given = pair.elts[0] if pair else next((a for a in node.args[:1] if isinstance(a, ast.Constant)), None)
    if isinstance(given, ast.Name):
        given = values.get(given.id, given)
    match given:
        case ast.Constant(value=str(host)) if ":" not in host.strip(":"):
            return host
    return None
