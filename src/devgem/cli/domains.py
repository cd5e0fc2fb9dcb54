"""domains: the domain of all apps, and host names of single ones."""

from typing import Any

import typer

_APP = typer.Argument(..., metavar="APP")
_HOST = typer.Argument(..., metavar="HOST")
_JSON = typer.Option(False, "--json", help="One JSON document.")
_NO_WAIT = typer.Option(False, "--no-wait", help="Return once it is begun.")
_LOOK_SECONDS = (0.1, 3.0)
_HELP = """Host names: a domain for all apps, and names of single apps.

Examples:

  devgem domains setup apps.example.com      every app at <app>.apps.example.com (Google Cloud)

  devgem domains add shop www.example.org    one more name for one app
"""


def register(program: typer.Typer) -> None:
    domains = typer.Typer(help=_HELP, no_args_is_help=True)
    domains.command("list")(list_hosts)
    for command in (add, remove, setup, status, teardown):
        domains.command()(command)
    program.add_typer(domains, name="domains")


def list_hosts(app: str = _APP, as_json: bool = _JSON) -> None:
    """The app's own host names, and how far each is."""
    from devgem.cli import show
    from devgem.cli.running import connect

    with connect() as client:
        items = client.get(f"/api/v1/apps/{app}/domains")["items"]
    if as_json:
        show.json_document({"domains": items})
        return
    show.table(("HOST", "STATE", "DETAIL"), [(i["host"], i["state"], show.plain(i["detail"])) for i in items])


def add(app: str = _APP, host: str = _HOST, as_json: bool = _JSON) -> None:
    """Serve the app at one more host name; prints the DNS records to add."""
    from devgem.cli import show
    from devgem.cli.running import connect

    with connect() as client:
        found = client.post(f"/api/v1/apps/{app}/domains", {"host": host})
    if as_json:
        show.json_document(found)
        return
    _say(found)
    _print_records(found)


def remove(app: str = _APP, host: str = _HOST) -> None:
    """Serve the app at this host name no more."""
    from urllib.parse import quote

    from devgem.cli.running import connect

    with connect() as client:
        client.delete(f"/api/v1/apps/{app}/domains/{quote(host, safe='')}")
    print(f"{host} does not lead to {app} any more")


def setup(
    domain: str = typer.Argument(..., metavar="DOMAIN"),
    zone: str = typer.Option("", "--zone", metavar="ZONE", help="Add the records to this zone of Cloud DNS."),
    no_wait: bool = _NO_WAIT,
    as_json: bool = _JSON,
) -> None:
    """Let every app answer under a domain of yours; run again it goes on where it stopped."""
    from devgem.cli.running import connect

    with connect() as client:
        found = client.post("/api/v1/domains", {"domain": domain, "zone": zone})
        _end(found if no_wait else _watch(client, found, {"live", "failed"}), as_json)


def status(as_json: bool = _JSON) -> None:
    """How far the domain of all apps is. Exit code 1 when it failed."""
    from devgem.cli.running import connect

    with connect() as client:
        found = client.get("/api/v1/domains")
        _end(found, as_json, steps=True)


def teardown(
    yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask."), no_wait: bool = _NO_WAIT, as_json: bool = _JSON
) -> None:
    """Remove all that was made for the domain. Asks for its name first."""
    import sys

    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import connect

    with connect() as client:
        host = client.get("/api/v1/domains")["host"]
        if not yes:
            if not sys.stdin.isatty():
                fail(f"{host} was not torn down: nobody to ask", "Give --yes.", Code.USAGE)
            if input(f"Type {host} to remove its load balancer and certificates: ") != host:
                fail(f"{host} was not torn down", "", Code.FAILURE)
        found = client.delete("/api/v1/domains")
        _end(found if no_wait else _watch(client, found, {"gone", "failed"}), as_json)


def _watch(client: Any, found: dict[str, Any], ends: set[str]) -> dict[str, Any]:
    """Says each step as it is done and each change of state, until one of `ends`."""
    import time

    from devgem.cli.running import say_progress

    said: set[str] = set()
    records = ""
    seconds, most_seconds = _LOOK_SECONDS
    while True:
        for step in found["steps"]:
            line = f"{step['name']}: {step['state']}"
            if step["state"] in ("done", "failed", "left") and line not in said:
                said.add(line)
                say_progress(line)
        state = f"{found['state']}. {found['detail']}".rstrip(". ")
        if found["state"].startswith("waiting") and repr(found["records"]) != records:
            records = repr(found["records"])
            say_progress("Add these records where the DNS of your domain is kept:")
            for record in found["records"]:
                say_progress(f"  {record['name']}  {record['type']}  {record['value']}")
        if state not in said:
            said.add(state)
            say_progress(state)
        if found["state"] in ends:
            return found
        time.sleep(seconds)
        seconds = min(seconds * 1.5, most_seconds)
        found = client.get("/api/v1/domains")


def _end(found: dict[str, Any], as_json: bool, *, steps: bool = False) -> None:
    from devgem.cli import show
    from devgem.cli.outcome import Code, Exit, say_error

    if as_json:
        show.json_document(found)
    else:
        _say(found)
        if steps:
            show.table(("STEP", "STATE", "NAME"), [(s["name"], s["state"], s["detail"]) for s in found["steps"]])
        _print_records(found)
    if found["state"] == "failed":
        say_error(show.plain(found["detail"]), show.plain(found["fix"]))
        raise Exit(Code.FAILURE)


def _say(found: dict[str, Any]) -> None:
    from devgem.cli import show
    from devgem.cli.running import say_progress

    detail = f": {show.plain(found['detail'])}" if found["detail"] else ""
    say_progress(f"{found['host']} is {found['state']}{detail}")


def _print_records(found: dict[str, Any]) -> None:
    from devgem.cli import show

    if found["records"]:
        show.table(("RECORD", "TYPE", "VALUE"), [(r["name"], r["type"], r["value"]) for r in found["records"]])
