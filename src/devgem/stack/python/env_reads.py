"""The config vars that Python code reads, found in the syntax trees, and those it cannot be imported without."""

import ast
import re
from collections.abc import Iterator, Mapping

from devgem.stack.env_names import EnvRead, keep
from devgem.stack.python.apps import assignments
from devgem.stack.python.source import Module, Sources

_GETTERS = frozenset(
    ("os.getenv", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "environ.get", "os.environb.get")
)
_HINT = re.compile(r"environ|getenv|decouple|starlette\.config|Settings")
_DEPTH = 5
_LIBRARIES = frozenset(("decouple.config", "starlette.config.Config", "environ.Env", "environs.Env", "environs.env"))


async def find_env(sources: Sources) -> tuple[EnvRead, ...]:
    """Every config var by name, each once. Required are those whose absence ends the import of the file."""
    found: dict[str, EnvRead] = {}
    for module in sources.modules:
        for read in reads_in(module, sources):
            keep(found, read)
    return tuple(found[name] for name in sorted(found))


def reads_in(module: Module, sources: Sources) -> Iterator[EnvRead]:
    if not _HINT.search(module.text):
        return
    readers = set(_readers(module))
    for guarded, node in _walk(module.tree.body, guarded=False):
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                if module.dotted(value) == "os.environ":
                    yield EnvRead(name, module.path, node.lineno, not guarded)
            case ast.Call(func=func, args=[ast.Constant(value=str(name)), *rest]):
                dotted = module.dotted(func) or ""
                if dotted in _GETTERS:
                    yield EnvRead(name, module.path, node.lineno)
                elif dotted == "decouple.config" or dotted.rpartition(".")[0] in readers or dotted in readers:
                    has_default = bool(rest) or any(k.arg == "default" for k in node.keywords)
                    yield EnvRead(name, module.path, node.lineno, not (has_default or guarded))
    yield from _guards(module)
    yield from _settings(module, sources)


def _readers(module: Module) -> Iterator[str]:
    """Names bound to the readers of environs, django-environ and Starlette: `env = environ.Env()`."""
    for name, _, value, _ in assignments(module.tree.body):
        if isinstance(value, ast.Call) and module.dotted(value.func) in _LIBRARIES:
            yield f"{module.name}.{name}"
    yield "environs.env"


def _guards(module: Module) -> Iterator[EnvRead]:
    """`if not os.getenv("X"): raise ...` on import, also by a name that was given the value before."""
    values = {name: value for name, _, value, _ in assignments(module.tree.body)}
    for node in module.tree.body:
        if isinstance(node, ast.If) and any(_ends(module, inner) for inner in node.body):
            missing = _missing(module, node.test, values)
            if missing:
                yield EnvRead(missing, module.path, node.lineno, required=True)


def _ends(module: Module, node: ast.stmt) -> bool:
    called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and module.dotted(node.value.func)
    return isinstance(node, ast.Raise) or called in ("sys.exit", f"{module.name}.exit")


def _missing(module: Module, test: ast.expr, values: Mapping[str, ast.expr]) -> str | None:
    """The variable whose absence a condition asks about."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=asked):
            pass
        case ast.Compare(left=asked, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None | "")]):
            pass
        case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.NotIn()], comparators=[where]):
            return name if module.dotted(where) == "os.environ" else None
        case _:
            return None
    if isinstance(asked, ast.Name):
        asked = values.get(asked.id, asked)
    match asked:
        case ast.Call(func=func, args=[ast.Constant(value=str(name))]) if module.dotted(func) in _GETTERS:
            return name
    return None


def _walk(body: list[ast.stmt], *, guarded: bool) -> Iterator[tuple[bool, ast.AST]]:
    """Every node, and whether something may keep it from running on import: a function, an if, a try."""
    stack: list[tuple[bool, ast.AST]] = [(guarded, node) for node in body]
    while stack:
        inside, node = stack.pop()
        yield inside, node
        deeper = inside or isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.If | ast.IfExp | ast.Try | ast.BoolOp
        )
        stack += [(deeper, child) for child in ast.iter_child_nodes(node)]


def _settings(module: Module, sources: Sources) -> Iterator[EnvRead]:
    """The fields of pydantic settings classes; one without a default must be given."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef) or not _is_settings(module, node, sources, 0):
            continue
        prefix = _env_prefix(node)
        for field in node.body:
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                name = field.target.id
                if name != "model_config" and not name.startswith("_"):
                    yield EnvRead((prefix + name).upper(), module.path, field.lineno, field.value is None)


def _is_settings(module: Module, node: ast.ClassDef, sources: Sources, depth: int) -> bool:
    for base in node.bases:
        dotted = module.dotted(base) or ""
        if dotted in ("pydantic_settings.BaseSettings", "pydantic.BaseSettings"):
            return True
        found = sources.find(dotted)
        if found is None or depth > _DEPTH:
            continue
        parent = next((n for n in found[0].tree.body if isinstance(n, ast.ClassDef) and n.name == found[1]), None)
        if parent and _is_settings(found[0], parent, sources, depth + 1):
            return True
    return False


def _env_prefix(node: ast.ClassDef) -> str:
    for inner in ast.walk(node):
        match inner:
            case ast.keyword(arg="env_prefix", value=ast.Constant(value=str(prefix))):
                return prefix
            case ast.Assign(targets=[ast.Name(id="env_prefix")], value=ast.Constant(value=str(prefix))):
                return prefix
    return ""
