"""logs: what an app writes, or what its last build wrote."""

import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from devgem.domain.log import LEVELS, at_least

if TYPE_CHECKING:
    from devgem.cli.client import Client


def register(program: typer.Typer) -> None:
    program.command()(logs)


def logs(
    app: str = typer.Argument(..., metavar="APP"),
    build: bool = typer.Option(False, "--build", help="The log of the last deployment."),
    follow: bool = typer.Option(False, "-f", "--follow", help="Go on with the lines to come."),
    since: str | None = typer.Option(
        None, "--since", metavar="1h", help="Only newer lines: 30s, 10m, 1h, 2d or a time."
    ),
    lines: int | None = typer.Option(None, "--lines", "-n", metavar="N", min=0, help="The last N lines (default 100)."),
    level: str | None = typer.Option(None, "--level", metavar="L", help="At least this level: " + ", ".join(LEVELS)),
    grep: str | None = typer.Option(None, "--grep", metavar="RE", help="Only lines that match."),
    as_json: bool = typer.Option(False, "--json", help="NDJSON, a line each."),
) -> None:
    """The app's log.

    Examples:

      devgem logs shop -f

      devgem logs shop --since 1h --grep ERROR
    """
    from devgem.cli.running import connect
    from devgem.domain.errors import InvalidInput

    if level is not None and level not in LEVELS:
        raise InvalidInput(f"{level!r} is no level", fix=f"Use one of {', '.join(LEVELS)}.")
    try:
        pattern = re.compile(grep) if grep else None
    except re.error as error:
        raise InvalidInput(f"{grep!r} is no regular expression: {error}", fix="Quote special characters.") from error
    write = _json_writer() if as_json else _text_writer()
    with connect() as client:
        if build:
            _build_log(client, app, follow, pattern, write)
            return
        found = client.get(
            f"/api/v1/apps/{app}/logs", since=since, lines=100 if lines is None else lines, level=level, grep=grep
        )["items"]
        for line in found:
            write(line)
        if follow:
            _follow(client, app, found[-1]["seq"] if found else 0, level, pattern, write)


def _follow(
    client: "Client",
    app: str,
    after: int,
    level: str | None,
    pattern: re.Pattern[str] | None,
    write: Callable[[dict[str, Any]], None],
) -> None:
    for event in client.events(f"logs:{app}", after):
        text = event.data["text"]
        if (pattern is None or pattern.search(text)) and (level is None or at_least(text, level)):
            write({"seq": event.seq, "at": event.at, **event.data})


def _build_log(
    client: "Client", app: str, follow: bool, pattern: re.Pattern[str] | None, write: Callable[[dict[str, Any]], None]
) -> None:
    from devgem.cli.outcome import Code, fail

    last = client.get(f"/api/v1/apps/{app}")["last_deployment"]
    if last is None:
        fail(f"{app} has never been deployed", f"Deploy it with `devgem deploy --name {app}`.", Code.NOT_FOUND)
    for event in client.events(f"deployment:{last['id']}"):
        if event.type == "log" and (pattern is None or pattern.search(event.data["text"])):
            write({"seq": event.seq, "at": event.at, **event.data})
        ended = event.type in ("deployment.live", "deployment.failed", "deployment.cancelled", "deployment.superseded")
        if ended or (not follow and event.seq >= last["seq"]):
            return


def _json_writer() -> Callable[[dict[str, Any]], None]:
    from devgem.cli import show

    return show.json_line


def _text_writer() -> Callable[[dict[str, Any]], None]:
    from devgem.cli import show

    def write(line: dict[str, Any]) -> None:
        print(show.log_text(line["text"], sys.stdout), flush=True)

    return write
