"""deploy and cancel: start a deployment, and watch it to its end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from devgem.cli.outcome import Code, Exit

if TYPE_CHECKING:
    from devgem.cli.client import Client, StreamEvent


def register(program: typer.Typer) -> None:
    program.command()(deploy)
    program.command()(cancel)


def deploy(
    source: str = typer.Argument(".", metavar="[SOURCE]", help="A folder, a git URL or owner/repo."),
    name: str | None = typer.Option(None, "--name", metavar="N", help="The app's name (default: the repository's)."),
    ref: str | None = typer.Option(None, "--ref", metavar="R", help="A branch, tag or commit."),
    dir: str | None = typer.Option(None, "--dir", metavar="D", help="The app's folder in the repository."),
    env: list[str] = typer.Option([], "--env", metavar="K=V", help="A config var; may be repeated."),
    env_file: Path | None = typer.Option(None, "--env-file", metavar="F", help="A file of K=V lines."),
    build_env: list[str] = typer.Option([], "--build-env", metavar="K=V", help="A variable of the build alone."),
    cloud: str | None = typer.Option(None, "--cloud", metavar="local|google", help="Where to build and run."),
    wait: bool = typer.Option(True, "--wait/--no-wait", help="Watch until it is live or has failed."),
    as_json: bool = typer.Option(False, "--json", help="NDJSON events on stdout."),
) -> None:
    """Deploy; the last line of stdout is the URL. Starts DevGem if it is not running.

    Examples:

      devgem deploy

      devgem deploy https://github.com/owner/repo --dir apps/web --env KEY=value
    """
    from devgem.cli.running import connect
    from devgem.cli.variables import pairs, read_env_file
    from devgem.domain.ids import new_id

    variables = (read_env_file(env_file) if env_file else {}) | pairs(env)
    body = {
        "source": absolute(source),
        "name": name,
        "ref": ref,
        "dir": dir,
        "cloud": cloud,
        "env": variables,
        "build_env": pairs(build_env),
    }
    with connect(start=True) as client:
        request = {key: value for key, value in body.items() if value not in (None, {})}
        deployment = client.post("/api/v1/deployments", request, idempotency_key=new_id("key"))
        if wait:
            watch(client, deployment, as_json=as_json)
        elif as_json:
            from devgem.cli import show

            show.json_line({"type": "deployment.requested", "deployment": deployment["id"], "app": deployment["app"]})
        else:
            print(deployment["id"])


def absolute(source: str) -> str:
    """A folder's absolute path, since the server's working folder is another one; anything else as it is."""
    path = Path(source).expanduser()
    if source.startswith((".", "/", "~")) or path.is_dir():
        return str(path.resolve())
    return source


def cancel(app: str = typer.Argument(..., metavar="APP")) -> None:
    """Cancel the app's waiting and running deployments."""
    from devgem.cli.running import connect

    with connect() as client:
        cancelled = client.post(f"/api/v1/apps/{app}/cancel")["cancelled"]
    print(f"cancelled {', '.join(cancelled)}" if cancelled else f"{app} has no deployment to cancel")


def watch(client: "Client", deployment: dict[str, Any], *, as_json: bool) -> None:
    """Shows a deployment until it ends; raises Exit with the code of its ending."""
    from devgem.cli import show

    app = deployment["app"]
    try:
        for event in client.events(f"deployment:{deployment['id']}"):
            if as_json:
                show.json_line({"type": event.type, "seq": event.seq, "at": event.at, **event.data})
            else:
                _tell(app, event)
            if event.type in _ENDINGS:
                raise Exit(_ENDINGS[event.type])
    except KeyboardInterrupt:
        print(
            f"\nThe deployment of {app} goes on. Come back with `devgem logs {app} --build -f`; "
            f"`devgem cancel {app}` ends it.",
            file=sys.stderr,
        )
        raise Exit(Code.INTERRUPTED) from None


_ENDINGS = {
    "deployment.live": Code.OK,
    "deployment.failed": Code.DEPLOYMENT_FAILED,
    "deployment.cancelled": Code.DEPLOYMENT_FAILED,
    "deployment.superseded": Code.CONFLICT,
}


def _tell(app: str, event: "StreamEvent") -> None:
    from devgem.cli import show

    def say(text: str = "") -> None:
        print(text, file=sys.stderr, flush=True)

    data = event.data
    match event.type:
        case "deployment.requested":
            say(show.styled(f"Deploying {app}", "bold", sys.stderr) + f" from {data.get('repository', '')}")
        case "step.started":
            usual = data.get("usual_seconds")
            say(
                show.styled(f"{data['step']:8}", "cyan", sys.stderr)
                + (f" usually {show.seconds(usual)}" if usual else "")
            )
        case "step.progressed":
            say(f"  {data.get('message', '')}")
        case "step.finished":
            found = " ".join(
                filter(None, [_found(data), "skipped" if data.get("skipped") else show.seconds(data.get("seconds"))])
            )
            say(show.styled(f"{data['step']:8} done", "green", sys.stderr) + f"  {found}")
        case "step.failed":
            say(show.styled(f"{data['step']:8} failed", "red", sys.stderr))
        case "log":
            say("  | " + show.log_text(data["text"], sys.stderr))
        case "deployment.live":
            _tell_live(app, data, say)
        case "deployment.failed":
            failure = data.get("failure") or {}
            say(show.styled(f"{app} was not deployed: ", "red", sys.stderr) + failure.get("cause", "unknown cause"))
            if failure.get("evidence"):
                say(f"  evidence: {failure['evidence']}")
            if failure.get("fix"):
                say(f"  fix: {failure['fix']}")
        case "deployment.cancelled":
            say(f"The deployment of {app} was cancelled.")
        case "deployment.superseded":
            say(f"A newer deployment of {app} took its place ({data.get('by')}).")


def _found(data: dict[str, Any]) -> str:
    commit = data.get("commit")
    return " ".join(str(part) for part in [commit and commit[:12], data.get("summary")] if part)


def _tell_live(app: str, data: dict[str, Any], say: Any) -> None:
    from devgem.cli import show

    for note in data.get("notes") or []:
        say(f"note: {note}")
    took = show.seconds(data.get("seconds"))
    if data.get("url"):
        first = data.get("first_byte_seconds")
        answer = f"{data.get('status')} after {first * 1000:.0f} ms" if first is not None else ""
        say(show.styled(f"{app} is live", "green", sys.stderr) + f" in {took}: {answer}, revision v{data['revision']}")
        print(data["url"], flush=True)
    else:
        say(f"{app} runs in {took}, revision v{data['revision']}. It is a worker: it has no URL.")
