"""Questions to the person at the terminal. Their answers come from the terminal alone, never from a pipe."""

import getpass
import json
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devgem.cli import show


def can_ask() -> bool:
    """Whether there is a person to ask: standard input is a terminal, and so is what the question is written to."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """One line, typed after the question was shown. Empty at the end of input."""
    with Path("/dev/tty").open() as terminal:
        # What was typed before the question cannot be an answer to it.
        termios.tcflush(terminal, termios.TCIFLUSH)
        print(question, end="", file=sys.stderr, flush=True)
        return terminal.readline().strip()


def consent(approval: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an approval, as the API takes it."""
    body: dict[str, Any] = {"granted": False, "digest": approval["digest"]}
    show_call(approval)
    if (name := approval["typed_name"]) is not None:
        typed = ask(f"Type {show.plain(name)} to approve it, anything else denies it: ")
        if typed != name:
            return body
        body["typed_name"] = typed
    elif ask("Approve it? [y/N] ").lower() not in ("y", "yes"):
        return body
    values = {field["name"]: _value(field) for field in approval["fields"]}
    if not all(values.values()):
        return {"granted": False, "digest": approval["digest"]}
    return body | {"granted": True} | ({"values": values} if values else {})


def show_call(approval: Mapping[str, Any]) -> None:
    """Exactly what is asked for: escaped, so that nothing in it can hide or move on a terminal."""
    arguments = json.dumps(approval["arguments"], indent=2, ensure_ascii=True)
    print(show.styled(f"\n{show.plain(approval['title'])}", "bold", sys.stderr), file=sys.stderr)
    print(f"  since {show.plain(approval['why'])}", file=sys.stderr)
    print("  " + f"{approval['tool']} {arguments}".replace("\n", "\n  "), file=sys.stderr)


def _value(field: Mapping[str, Any]) -> str:
    question = f"Value of {show.plain(field['name'])}: "
    return getpass.getpass(f"{question}(not shown) ", sys.stderr) if field["secret"] else ask(question)
