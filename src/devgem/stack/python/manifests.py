"""The distributions that Python manifests name, and the lines on which they do."""

from dataclasses import replace
from typing import Any

from devgem.stack.files import Files
from devgem.stack.python.requirements import Dependency, dependency
from devgem.stack.shapes import table, text, texts
from devgem.stack.words import words

_IN_SETUP_PY = words("""
flask fastapi django starlette quart litestar sanic dash gradio streamlit falcon bottle aiohttp tornado python-fasthtml
gunicorn uvicorn hypercorn waitress
""")
"""What is looked for in setup.py, which is code and not data."""


async def declared(files: Files) -> dict[str, Dependency]:
    """What the manifests name as run-time dependencies."""
    pyproject = await files.toml("pyproject.toml")
    poetry = table(pyproject, "tool", "poetry", "dependencies")
    pipfile = table(await files.toml("Pipfile"), "packages")
    named = [
        *(("pyproject.toml", one) for one in texts(table(pyproject, "project").get("dependencies"))),
        *(("pyproject.toml", _with_extras(name, said)) for name, said in poetry.items() if name != "python"),
        *(("Pipfile", _with_extras(name, said)) for name, said in pipfile.items()),
    ]
    found: dict[str, Dependency] = {}
    for path, requirement in named:
        one = dependency(requirement, files.repo_path(path), None)
        if one:
            found.setdefault(one.name, replace(one, line=await files.line_of(path, _mention(one.name))))
    for path in ("setup.py", "setup.cfg"):
        for number, line in enumerate((await files.text(path)).splitlines(), 1):
            one = dependency(line.strip().strip("\"',[]"), files.repo_path(path), number)
            if one and one.name in _IN_SETUP_PY:
                found.setdefault(one.name, one)
    return found


def _with_extras(name: str, said: Any) -> str:
    """`fastapi = {version = "1", extras = ["standard"]}` as a requirement."""
    extras = texts(table(said).get("extras"))
    return f"{name}[{','.join(extras)}]" if extras else name


def _mention(name: str) -> str:
    """A pattern for a dependency as manifests spell it: `"Flask_Login>=1"` in lists, `flask-login = "1"` in tables."""
    spelled = name.replace("-", "[-_.]+")
    return rf"""["']{spelled}\s*(?:[\[<>=!~;@\s"']|$)|^\s*["']?{spelled}["']?\s*="""


async def distribution_name(files: Files) -> str | None:
    """The name of the package that the repository is built into; None when the manifests name none."""
    pyproject = await files.toml("pyproject.toml")
    named = table(pyproject, "project").get("name") or table(pyproject, "tool", "poetry").get("name")
    return text(named) or None
