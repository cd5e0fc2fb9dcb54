"""Programs that are no web servers, and what a repository is that has nothing to run."""

import ast
import posixpath

from devgem.domain.plan import Kind
from devgem.stack.files import Files
from devgem.stack.python.apps import assignments
from devgem.stack.python.entry import Entry
from devgem.stack.python.manifests import distribution_name
from devgem.stack.python.requirements import normalize
from devgem.stack.python.servers import has_main, main_line
from devgem.stack.python.source import Module, Sources
from devgem.stack.shapes import table, texts
from devgem.stack.words import words

_PROJECT_TOOLS = words("setup conftest noxfile tasks fabfile dodo versioneer manage release bump build docs wsgi asgi")
_MAIN = ("main", "__main__", "bot", "worker", "app", "run", "start")
_LASTING = words("""
discord telegram telebot aiogram slack_bolt celery rq dramatiq schedule apscheduler pika kafka nats pyrogram tweepy
""")


def find_worker(sources: Sources, *, is_distribution: bool) -> Entry | None:
    """The script that does something when it is run. A project that is installed as a package is a library or a
    command-line program, unless its script plainly goes on for ever."""
    scripts = [m for m in sources.modules if _is_script(m) and (not is_distribution or _lasts(m, sources))]
    at_root = [m for m in scripts if "/" not in m.path]
    chosen = sorted(at_root or [m for m in scripts if m.path.count("/") == 1 and _stem(m) in _MAIN], key=_rank)
    if not chosen:
        return None
    best = chosen[0]
    rivals = tuple(m.path for m in chosen[1:] if _rank(m)[0] == _rank(best)[0])
    program = (
        ("-m", best.name.removesuffix(".__main__")) if _stem(best) == "__main__" and "/" in best.path else (best.path,)
    )
    line = main_line(best) or 1
    sure = not rivals and _lasts(best, sources)
    return Entry(("python", *program), Kind.WORKER, best.path, line, rivals=rivals, sure=sure)


def find_celery(sources: Sources) -> Entry | None:
    """A Celery app, which a worker process runs."""
    for module in sources.modules:
        for name, line, value, _ in assignments(module.tree.body):
            if isinstance(value, ast.Call) and module.dotted(value.func) == "celery.Celery":
                start = ("celery", "-A", f"{module.name}:{name}", "worker")
                return Entry(start, Kind.WORKER, module.path, line, framework="celery")
    return None


async def distribution(files: Files) -> str | None:
    """The name of the package that the repository is built into for others to install; None when it is none."""
    pyproject = await files.toml("pyproject.toml")
    if "build-system" not in pyproject and "setup.py" not in files:
        return None
    return normalize(await distribution_name(files) or "unnamed")


async def is_published(files: Files) -> bool:
    """Whether the package's manifest is written for an index: an app is seldom classified."""
    pyproject = await files.toml("pyproject.toml")
    said = [table(pyproject, "project").get("classifiers"), table(pyproject, "tool", "poetry").get("classifiers")]
    if any("Private ::" in one for classifiers in said for one in texts(classifiers)):
        return False
    return any(said) or any([await files.line_of(path, "classifiers") for path in ("setup.py", "setup.cfg")])


async def nothing_to_start(files: Files) -> tuple[str, str]:
    """(what this is, what to add) for a repository with no web app and no program."""
    pyproject = await files.toml("pyproject.toml")
    scripts = [*table(pyproject, "project", "scripts"), *table(pyproject, "tool", "poetry", "scripts")]
    if scripts:
        what = f"This is a command-line program ({scripts[0]}), not a web app."
    elif any([await files.line_of(path, "console_scripts") for path in ("setup.py", "setup.cfg")]):
        what = "This is a command-line program, not a web app."
    elif await distribution(files):
        what = "This is a Python library, not a web app."
    else:
        what = "This Python code has no web app and no script to start."
    return (
        what,
        "To run something of it, add a Procfile with a line such as `web: gunicorn --bind 0.0.0.0:$PORT package:app`.",
    )


def _rank(module: Module) -> tuple[int, str]:
    stem = _stem(module)
    return (_MAIN.index(stem) if stem in _MAIN else len(_MAIN), module.path)


def _stem(module: Module) -> str:
    return posixpath.basename(module.path).removesuffix(".py")


def _is_script(module: Module) -> bool:
    if _stem(module) in _PROJECT_TOOLS or _stem(module).endswith(("_pb2", "_pb2_grpc")):
        return False
    calls = (n for n in module.tree.body if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call))
    acts = any(calls) or any(isinstance(n, ast.While) for n in module.tree.body)
    return has_main(module) or acts


def _lasts(module: Module, sources: Sources) -> bool:
    """Whether the program plainly runs for as long as it is let: a bot, a queue's worker, an endless loop."""
    loops = any(
        isinstance(n, ast.While) and isinstance(n.test, ast.Constant) and n.test.value for n in ast.walk(module.tree)
    )
    foreign = {name.partition(".")[0] for name in module.imported if not sources.find(name)}
    return loops or bool(foreign & _LASTING)
