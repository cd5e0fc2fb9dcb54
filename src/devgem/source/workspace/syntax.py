"""Finds out whether files parse, run as a program of its own, since what parses hostile text may run out of stack:

    python -I syntax.py <root> <path>...

Prints as JSON, a line each: the paths that it knows how to parse, then [path, language, line or null, what is wrong
or ""] of each of them. It executes nothing of what it reads.
"""

import ast
import json
import resource
import sys
import tomllib
import warnings
import xml.parsers.expat
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

_MEMORY_BYTES = 1 << 30
_PLAIN_JSON = (".json", ".webmanifest", ".ipynb", ".geojson")
_WITH_COMMENTS = (
    "tsconfig",
    "jsconfig",
    "devcontainer",
    "deno",
    ".vscode/",
    "wrangler",
    ".eslintrc",
    ".swcrc",
    "turbo",
)


def language_of(path: str) -> str | None:
    """The language that a file is checked as; None for one that is not."""
    name = path.rpartition("/")[2]
    if name.endswith(_PLAIN_JSON) and not any(part in path for part in _WITH_COMMENTS):
        return "JSON"
    return next((language for suffix, language in _SUFFIXES.items() if name.endswith(suffix)), None)


_SUFFIXES: Mapping[str, str] = {
    ".py": "Python", ".pyi": "Python", ".toml": "TOML", ".yaml": "YAML", ".yml": "YAML", ".svg": "XML", ".xml": "XML",
}  # fmt: skip


def fault(language: str, text: bytes) -> tuple[int | None, str]:
    """The line of the first fault and what it is; empty when the text parses."""
    try:
        _PARSERS[language](text)
    except SyntaxError as error:
        return error.lineno, error.msg
    except xml.parsers.expat.ExpatError as error:
        return error.lineno, xml.parsers.expat.ErrorString(error.code)
    except yaml.MarkedYAMLError as error:
        return error.problem_mark.line + 1 if error.problem_mark else None, error.problem or "it is no YAML"
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    except (RecursionError, MemoryError):
        return None, "it is nested too deeply to be read"
    except (ValueError, yaml.YAMLError) as error:
        return None, str(error)
    return None, ""


def _python(text: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


def _toml(text: bytes) -> None:
    tomllib.loads(text.decode())


def _yaml(text: bytes) -> None:
    for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass


def _json(text: bytes) -> None:
    json.loads(text)


def _xml(text: bytes) -> None:
    parser = xml.parsers.expat.ParserCreate()
    parser.Parse(text, True)


_PARSERS: Mapping[str, Callable[[bytes], None]] = {
    "Python": _python, "TOML": _toml, "YAML": _yaml, "JSON": _json, "XML": _xml,
}  # fmt: skip


def main(root: str, *paths: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    known = {path: language for path in paths if (language := language_of(path))}
    print(json.dumps(list(known)), flush=True)  # noqa: T201 - this is its output
    for path, language in known.items():
        line, wrong = fault(language, (Path(root) / path).read_bytes())
        print(json.dumps([path, language, line, wrong]), flush=True)  # noqa: T201 - this is its output


if __name__ == "__main__":
    main(*sys.argv[1:])
