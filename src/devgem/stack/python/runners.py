"""Frameworks that are started by their own command on a script: Streamlit, Chainlit."""

import ast
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from devgem.domain.plan import Kind
from devgem.stack.python.entry import DEFAULT_PORT, Entry
from devgem.stack.python.source import Module, Sources

_PORT = f"${{PORT:-{DEFAULT_PORT}}}"


@dataclass(frozen=True)
class Runner:
    """`command` runs SCRIPT; `marks` are calls that only the page that is opened first makes."""

    package: str
    command: str
    marks: tuple[str, ...]
    names: tuple[str, ...]
    health_path: str | None = None


_RUNNERS: Mapping[str, Runner] = {
    "streamlit": Runner(
        "streamlit",
        f"streamlit run SCRIPT --server.address 0.0.0.0 --server.port {_PORT} --server.headless true",
        ("streamlit.set_page_config", "streamlit.navigation", "streamlit.Page"),
        ("streamlit_app.py", "app.py", "main.py", "Home.py", "home.py", "Hello.py", "index.py"),
        "/_stcore/health",
    ),
    "chainlit": Runner(
        "chainlit",
        f"chainlit run SCRIPT --host 0.0.0.0 --port {_PORT} --headless",
        ("chainlit.on_message", "chainlit.on_chat_start"),
        ("app.py", "main.py", "chat.py"),
    ),
}


def find_runner(sources: Sources) -> Entry | None:
    """The script of a Streamlit or Chainlit app: no page of `pages/`, and no module that another one imports."""
    for name, runner in _RUNNERS.items():
        scripts = [m for m in sources.modules if _imports(m, name) and not _is_page(m) and not sources.importers(m)]
        if scripts:
            return _entry(name, runner, scripts)
    return None


def _entry(name: str, runner: Runner, scripts: Sequence[Module]) -> Entry:
    ranked = sorted(scripts, key=lambda m: _rank(runner, m))
    best = ranked[0]
    level = _rank(runner, best)[:3]
    rivals = tuple(m.path for m in ranked[1:] if _rank(runner, m)[:3] == level)
    line = next(
        (
            node.lineno
            for node in ast.walk(best.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            and (getattr(node, "module", None) == name or any(a.name == name for a in node.names))
        ),
        1,
    )
    return Entry(
        start=("sh", "-c", f"exec {runner.command.replace('SCRIPT', best.path)}"),
        kind=Kind.SERVER,
        path=best.path,
        line=line,
        framework=name,
        health_path=runner.health_path,
        rivals=rivals,
        sure=not rivals,
    )


def _rank(runner: Runner, module: Module) -> tuple[int, bool, int, str]:
    marked = any(
        isinstance(n, ast.Attribute | ast.Name) and module.dotted(n) in runner.marks for n in ast.walk(module.tree)
    )
    stem = posixpath.basename(module.path)
    usual = runner.names.index(stem) if stem in runner.names else len(runner.names)
    return (module.path.count("/"), not marked and usual == len(runner.names), usual, module.path)


def _is_page(module: Module) -> bool:
    return "pages" in posixpath.dirname(module.path).split("/")


def _imports(module: Module, package: str) -> bool:
    return any(name.partition(".")[0] == package for name in module.imported)
