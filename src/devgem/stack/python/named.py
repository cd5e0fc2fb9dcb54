"""Where a repository's files name its app object: .flaskenv, and the FastAPI command's own table."""

import re

from devgem.stack.files import Files
from devgem.stack.shapes import table, text


async def named_apps(files: Files) -> frozenset[str]:
    """`module:object`, or the module alone. https://flask.palletsprojects.com/en/stable/cli/#application-discovery"""
    found = set()
    flask = re.search(
        r"""^(?:export\s+)?FLASK_APP\s*=\s*["']?([^"'\s#]+)""", await files.text(".flaskenv"), re.MULTILINE
    )
    if flask:
        module, _, name = flask[1].partition(":")
        module = module.removesuffix(".py").strip("./").replace("/", ".")
        found.add(f"{module}:{name.partition('(')[0]}".rstrip(":"))
    entrypoint = text(table(await files.toml("pyproject.toml"), "tool", "fastapi").get("entrypoint"))
    return frozenset(found | ({entrypoint} if entrypoint else set()))
