"""Finds web app objects, and the functions that make them, by reading the syntax trees."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from devgem.stack.python.frameworks import MAKERS, PLAIN_ASGI, PLAIN_WSGI, Framework, Serving
from devgem.stack.python.source import Module, Sources

_DEPTH = 6
"""Imports, base classes and factories followed from one name."""


@dataclass(frozen=True)
class AppObject:
    """`module.name` is (or, for a factory, makes without arguments) the app; `module` and `line` say where it stands,
    which for one that is imported is the import."""

    module: Module
    name: str
    framework: Framework
    line: int
    factory: bool = False
    defined_in: Module | None = None
    alias_of: str | None = None

    @property
    def origin(self) -> tuple[str, str]:
        """The file and name at which the object is made."""
        return ((self.defined_in or self.module).path, self.alias_of or self.name)


def find_apps(sources: Sources) -> list[AppObject]:
    """Every app object and argument-less factory, imported ones included, without those mounted in another one."""
    search = _Search(sources)
    found = [app for module in sources.modules for app in search.in_module(module)]
    mounted = {key for module in {app.module.path: app.module for app in found}.values() for key in _mounted(module)}
    return [app for app in found if (app.module.path, app.name) not in mounted]


class _Search:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def in_module(self, module: Module) -> Iterator[AppObject]:
        for name, line, value, index in assignments(module.tree.body):
            framework = self._made_by(module, value, index)
            if framework:
                yield AppObject(module, name, framework, line, alias_of=_inner_name(value))
        for node in statements(module.tree.body):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from self._function(module, node)
            elif isinstance(node, ast.ImportFrom):
                yield from self._imports(module, node)

    def _function(self, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[AppObject]:
        names = [arg.arg for arg in node.args.args]
        if isinstance(node, ast.AsyncFunctionDef):
            if names == ["scope", "receive", "send"]:
                yield AppObject(module, node.name, PLAIN_ASGI, node.lineno)
        elif len(names) == 2 and names[0] in ("environ", "env") and names[1].startswith("start_resp"):
            yield AppObject(module, node.name, PLAIN_WSGI, node.lineno)
        elif len(names) == len(node.args.defaults) and all(node.args.kw_defaults):
            framework = self._returned(module, node, 0)
            if framework:
                yield AppObject(module, node.name, framework, node.lineno, factory=True)

    def _imports(self, module: Module, node: ast.ImportFrom) -> Iterator[AppObject]:
        for alias in node.names:
            name = alias.asname or alias.name
            found = self._sources.find(module.names.get(name, ""))
            if not found or found[0] is module or not found[1] or "." in found[1]:
                continue
            value = value_of(found[0], found[1])
            framework = value and self._made_by(found[0], *value)
            if framework:
                yield AppObject(module, name, framework, node.lineno, defined_in=found[0])

    def _made_by(self, module: Module, value: ast.expr, index: int | None = None, depth: int = 0) -> Framework | None:
        """The framework of the app that an expression evaluates to."""
        if depth > _DEPTH:
            return None
        if isinstance(value, ast.Await):
            value = value.value
        if isinstance(value, ast.Call):
            framework = self._called(module, value.func, depth)
            if framework or index:
                return framework if not index else None
            wrapped = (self._made_by(module, arg, None, depth + 1) for arg in value.args[:1])
            wrapping = _is_wrapper(module.dotted(value.func) or "")
            return next((found for found in wrapped if found and wrapping), None)
        dotted = module.dotted(value)
        if dotted and isinstance(value, ast.Attribute) and value.attr == "server":
            return _dash_server(self._made_by(module, value.value, None, depth + 1))
        found = self._sources.find(dotted) if dotted else None
        target = found and found[1] and value_of(found[0], found[1])
        return self._made_by(found[0], *target, depth=depth + 1) if found and target else None

    def _called(self, module: Module, func: ast.expr, depth: int) -> Framework | None:
        """The framework of what a call of this function or class gives."""
        dotted = module.dotted(func)
        if dotted is None or depth > _DEPTH:
            return _pyramid(func)
        if dotted in MAKERS:
            return MAKERS[dotted]
        if isinstance(func, ast.Name):
            starred = next((MAKERS[f"{s}.{func.id}"] for s in module.stars if f"{s}.{func.id}" in MAKERS), None)
            if starred:
                return starred
        found = self._sources.find(dotted)
        if not found or not found[1] or "." in found[1]:
            return _pyramid(func)
        target, name = found
        node = next((n for n in statements(target.tree.body) if getattr(n, "name", None) == name), None)
        if isinstance(node, ast.ClassDef):
            return next((f for base in node.bases if (f := self._called(target, base, depth + 1))), None)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return self._returned(target, node, depth + 1)
        if name in target.names and target is not module:
            return self._called(target, ast.Name(name), depth + 1)
        return None

    def _returned(
        self, module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, depth: int
    ) -> Framework | None:
        """The framework of the app that a function returns."""
        if depth > _DEPTH:
            return None
        body = list(statements(function.body))
        local = {name: (value, index) for name, _, value, index in assignments(function.body)}
        for node in body:
            if not isinstance(node, ast.Return) or node.value is None:
                continue
            value: ast.expr = node.value
            index = None
            if isinstance(value, ast.Name) and value.id in local:
                value, index = local[value.id]
            framework = self._made_by(module, value, index, depth + 1)
            if framework:
                return framework
        return None


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of its if, try, with and for blocks, but not of functions and classes in it."""
    for node in body:
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for block in ("body", "orelse", "finalbody"):
            yield from statements(getattr(node, block, []))
        for handler in getattr(node, "handlers", []):
            yield from statements(handler.body)


def assignments(body: Sequence[ast.stmt]) -> Iterator[tuple[str, int, ast.expr, int | None]]:
    """(name, line, value, index) for `name = value`; `index` is the place in `a, b = value`. `with value as name` is
    one too."""
    for node in statements(body):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, node.lineno, value, None
                    elif isinstance(target, ast.Tuple):
                        for index, element in enumerate(target.elts):
                            if isinstance(element, ast.Name):
                                yield element.id, node.lineno, value, index
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, node.lineno, value, None
            case ast.With(items=items):
                for item in items:
                    if isinstance(item.optional_vars, ast.Name):
                        yield item.optional_vars.id, node.lineno, item.context_expr, None


def value_of(module: Module, name: str) -> tuple[ast.expr, int | None] | None:
    """What a module's name is last assigned; for one that it imports, the name itself."""
    found = [(value, index) for n, _, value, index in assignments(module.tree.body) if n == name]
    if found:
        return found[-1]
    return (ast.Name(name), None) if name in module.names else None


def _inner_name(value: ast.expr) -> str | None:
    """The name in `application = app` and `application = Middleware(app)`."""
    if isinstance(value, ast.Call) and value.args:
        value = value.args[0]
    return value.id if isinstance(value, ast.Name) and not value.id.startswith("__") else None


def _is_wrapper(dotted: str) -> bool:
    """Middleware around an app is the app; anything else that takes an app as its first argument is an extension."""
    last = dotted.rpartition(".")[2]
    return last.endswith(("Middleware", "ProxyFix", "WhiteNoise", "WsgiToAsgi", "mount_gradio_app"))


def _dash_server(framework: Framework | None) -> Framework | None:
    """`server = app.server` of a Dash app is a Flask app that gunicorn can run."""
    if framework and framework.name == "dash":
        return Framework(framework.name, framework.package, Serving.WSGI, ())
    return None


def _pyramid(func: ast.expr) -> Framework | None:
    if isinstance(func, ast.Attribute) and func.attr == "make_wsgi_app":
        return MAKERS["pyramid.config.Configurator.make_wsgi_app"]
    return None


def _mounted(module: Module) -> Iterator[tuple[str, str]]:
    """(path, name) of app objects that the same file mounts in, or wraps by, another one of another name."""
    takers = {"mount", "mount_gradio_app", "Mount", "DispatcherMiddleware", "ASGIApp", "WSGIApp"}
    renamed = {
        id(node.value): {target.id for target in node.targets if isinstance(target, ast.Name)}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
    }
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in takers:
            for arg in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if isinstance(arg, ast.Name) and arg.id not in renamed.get(id(node), ()):
                    yield module.path, arg.id
