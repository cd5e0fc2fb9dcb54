"""What a gunicorn configuration file says about the address."""

import ast
import re
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.python.apps import assignments
from devgem.stack.python.source import parse


@dataclass(frozen=True)
class Bound:
    """A port that is fixed in a file."""

    port: int
    path: str
    line: int


async def configured_port(files: Files, command: str) -> Bound | None:
    """The port in `bind` of the file that the command names, or of the one that gunicorn reads by itself.
    https://docs.gunicorn.org/en/stable/settings.html#bind"""
    named = re.search(r"(?:-c|--config)[= ](?:python:|file:)?(\S+)", command)
    path = named[1].removeprefix("./") if named else "gunicorn.conf.py"
    if path not in files or "--bind" in command or " -b" in command:
        return None
    for name, line, value, _ in assignments(parse(await files.text(path)).body):
        texts = [n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        fixed = [m[1] for text in texts if name == "bind" and (m := re.fullmatch(r"[^:]*:(\d+)", text))]
        if fixed and "PORT" not in texts:
            return Bound(int(fixed[0]), path, line)
    return None
