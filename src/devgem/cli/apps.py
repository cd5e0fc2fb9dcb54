"""list, show, open, remove, revisions, rollback, restart: apps and their revisions."""

from typing import Any

import typer

_APP = typer.Argument(..., metavar="APP")
_JSON = typer.Option(False, "--json", help="One JSON document.")


def register(program: typer.Typer) -> None:
    program.command("list")(list_apps)
    for command in (show, open, remove, revisions, rollback, restart):
        program.command()(command)


def list_apps(as_json: bool = _JSON) -> None:
    """The apps, with their state and URL."""
    from devgem.cli import show as output
    from devgem.cli.running import connect

    with connect() as client:
        apps = client.get("/api/v1/apps")["items"]
    if as_json:
        output.json_document({"apps": apps})
    elif not apps:
        print("No apps yet. Deploy one with `devgem deploy`.")
    else:
        rows = [(a["name"], a["status"], _revision(a), output.ago(a["created_at"]), a["url"]) for a in apps]
        output.table(("NAME", "STATUS", "REVISION", "AGE", "URL"), rows)


def _revision(app: dict[str, Any]) -> str | None:
    return f"v{app['revision']}" if app.get("revision") else None


def show(app: str = _APP, as_json: bool = _JSON) -> None:
    """One app: where it comes from, what serves, its last deployment."""
    from devgem.cli import show as output
    from devgem.cli.running import connect

    with connect() as client:
        found = client.get(f"/api/v1/apps/{app}")
    if as_json:
        output.json_document(found)
        return
    last = found.get("last_deployment") or {}
    failure = last.get("failure") or {}
    facts = {
        "name": found["name"],
        "status": found["status"],
        "url": found["url"],
        "repository": found["repository"],
        "folder": found["dir"] if found["dir"] != "." else None,
        "cloud": found["cloud"],
        "revision": _revision(found),
        "commit": last.get("commit"),
        "deployment": f"{last['id']} {last['status']}" if last else None,
        "failure": failure.get("cause"),
        "fix": failure.get("fix"),
    }
    for name, value in facts.items():
        if value:
            print(f"{name:12} {value}")
    for instance in found["instances"]:
        print(f"instance     v{instance['revision']} {instance['state']}, {instance['restarts']} restarts")


def open(app: str | None = typer.Argument(None, metavar="[APP]")) -> None:
    """Open the app's URL in a browser, or the dashboard's with a new sign-in; prints it too."""
    import webbrowser

    from devgem.cli.outcome import fail
    from devgem.cli.running import connect

    with connect() as client:
        found = client.post("/api/v1/signin-urls") if app is None else client.get(f"/api/v1/apps/{app}")
    url = found["url"]
    if not url:
        fail(f"{app} has no URL", "It is a worker, or has not been deployed yet.")
    print(url)
    webbrowser.open(url)


def remove(app: str = _APP, yes: bool = typer.Option(False, "--yes", "-y", help="Do not ask.")) -> None:
    """Remove the app with its revisions, logs and config vars. Asks for its name first."""
    import sys

    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import connect

    with connect() as client:
        client.get(f"/api/v1/apps/{app}")
        if not yes:
            if not sys.stdin.isatty():
                fail(f"{app} was not removed: nobody to ask", "Give --yes.", Code.USAGE)
            if input(f"Type {app} to remove it with everything it has: ") != app:
                fail(f"{app} was not removed", "", Code.FAILURE)
        client.delete(f"/api/v1/apps/{app}")
    print(f"{app} was removed")


def revisions(app: str = _APP, as_json: bool = _JSON) -> None:
    """The app's revisions, newest first, with their share of the traffic."""
    from devgem.cli import show as output
    from devgem.cli.running import connect

    with connect() as client:
        items = client.get(f"/api/v1/apps/{app}/revisions")["items"]
    if as_json:
        output.json_document({"revisions": items})
        return
    rows = [
        (f"v{r['number']}", r["commit"][:12], f"{r['traffic']}%" if r["traffic"] else "", output.ago(r["created_at"]))
        for r in items
    ]
    output.table(("REVISION", "COMMIT", "TRAFFIC", "AGE"), rows)


def rollback(
    app: str = _APP,
    to: int | None = typer.Option(None, "--to", metavar="N", help="The revision (default: the one before)."),
    as_json: bool = _JSON,
) -> None:
    """Shift traffic back to an older revision. Builds nothing; pauses push-to-deploy."""
    from devgem.cli import show as output
    from devgem.cli.running import connect, say_progress

    with connect() as client:
        done = client.post(f"/api/v1/apps/{app}/rollback", {"to": to} if to else {})
    if as_json:
        output.json_document(done)
        return
    say_progress(f"{app} went back from v{done['from']} to v{done['to']}")
    if done.get("warning"):
        say_progress(f"note: {done['warning']}")
    print(done["url"] or "")


def restart(app: str = _APP) -> None:
    """New instances of what serves now, without a gap."""
    from devgem.cli.running import connect

    with connect() as client:
        client.post(f"/api/v1/apps/{app}/restart")
    print(f"{app} was restarted")
