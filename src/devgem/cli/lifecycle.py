"""up, down, status, doctor: the processes themselves."""

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from devgem.config import Paths

_DATA_DIR = typer.Option(None, "--data-dir", metavar="DIR", help="Where DevGem keeps everything.")


def register(program: typer.Typer) -> None:
    program.command(rich_help_panel="Run")(up)
    program.command()(down)
    program.command()(status)
    program.command()(doctor)
    program.command(hidden=True)(edge)


def up(
    port: int | None = typer.Option(None, "--port", metavar="N", help="The dashboard's port (default 8080)."),
    apps_port: int | None = typer.Option(
        None, "--apps-port", metavar="N", help="The apps' port (default: the next one)."
    ),
    data_dir: Path | None = _DATA_DIR,
    open_browser: bool = typer.Option(False, "--open", help="Open the dashboard in a browser."),
    deploy: str | None = typer.Option(
        None, "--deploy", metavar="SOURCE", help="Deploy this once it runs; `sample` is bundled."
    ),
    detach: bool = typer.Option(False, "--detach", help="Run in the background."),
) -> None:
    """Start DevGem; prints a one-time sign-in URL. Ctrl-C stops it with its apps."""
    from devgem.cli.running import find, say_progress, start_detached
    from devgem.config import Paths, read_settings
    from devgem.domain.errors import Conflict

    settings = read_settings(port=port, apps_port=apps_port, data_dir=data_dir)
    if (running := find(Paths(settings.data_dir))) is not None:
        raise Conflict(
            f"DevGem already runs on {settings.data_dir} (pid {running.pid}, {running.url})",
            fix="Use it, stop it with `devgem down`, or give another --data-dir and --port.",
        )
    if detach:
        ports = ("--port", str(settings.port), *(("--apps-port", str(apps_port)) if apps_port else ()))
        started = start_detached(settings, ports)
        with started.client() as client:
            _announce(client.post("/api/v1/signin-urls")["url"], open_browser)
        say_progress(f"DevGem runs in the background (pid {started.pid}); `devgem down` stops it.")
        return
    from devgem.wiring import edge as edge_process

    # What control imports takes a while; the edge comes up meanwhile.
    begun = edge_process.begin(settings, Paths(settings.data_dir))
    from devgem.wiring import control

    def on_ready(sign_in_url: str, token: str) -> None:
        _announce(sign_in_url, open_browser)
        if deploy is not None:
            _deploy_first(f"http://127.0.0.1:{settings.port}", token, deploy)

    control.run(settings, on_ready, begun)


def _announce(sign_in_url: str, open_browser: bool) -> None:
    print(f"Dashboard: {sign_in_url}", flush=True)
    if open_browser:
        import webbrowser

        webbrowser.open(sign_in_url)


def _deploy_first(url: str, token: str, source: str) -> None:
    from devgem.cli.client import Client
    from devgem.cli.deploy import absolute, watch
    from devgem.cli.outcome import Exit, say_error
    from devgem.cli.running import say_progress
    from devgem.domain.errors import DevGemError

    try:
        with Client(url, token) as client:
            watch(client, client.post("/api/v1/deployments", {"source": absolute(source)}), as_json=False)
    except DevGemError as error:
        say_error(error.message, error.fix)
    except Exit:
        say_progress("DevGem goes on running. Ctrl-C stops it with its apps.")


def down(data_dir: Path | None = _DATA_DIR) -> None:
    """Stop DevGem and the apps it runs."""
    import asyncio

    from devgem.cli.running import find, say_progress
    from devgem.config import Paths, read_settings
    from devgem.wiring import edge as edge_process

    settings = read_settings(data_dir=data_dir)
    paths = Paths(settings.data_dir)
    control = find(paths)
    if control is not None:
        os.kill(control.pid, signal.SIGINT)
        _wait_for_end(paths, control.pid)
    stopped_edge = asyncio.run(edge_process.stop(paths.cloud))
    say_progress("stopped" if control or stopped_edge else "DevGem was not running")


def _wait_for_end(paths: "Paths", pid: int, limit_seconds: float = 60) -> None:
    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import is_running

    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        if not is_running(paths):
            return
        time.sleep(0.05)
    fail(
        f"DevGem (pid {pid}) did not stop within {limit_seconds:.0f} s", f"End it with `kill -9 {pid}`.", Code.TIMED_OUT
    )


def status(
    as_json: bool = typer.Option(False, "--json", help="One JSON document."), data_dir: Path | None = _DATA_DIR
) -> None:
    """What runs. Exit code 1 when DevGem does not."""
    from devgem.cli import show
    from devgem.cli.outcome import Code, Exit
    from devgem.cli.running import find
    from devgem.config import Paths, read_settings

    settings = read_settings(data_dir=data_dir)
    control = find(Paths(settings.data_dir))
    if control is None:
        found: dict[str, object] = {"running": False, "data_dir": str(settings.data_dir)}
    else:
        with control.client() as client:
            session, apps = client.get("/api/v1/session"), client.get("/api/v1/apps")["items"]
        found = {
            "running": True,
            "pid": control.pid,
            "url": control.url,
            "data_dir": str(settings.data_dir),
            "isolation": session["isolation"],
            "apps": {app["name"]: app["status"] for app in apps},
        }
    if as_json:
        show.json_document(found)
    elif control is None:
        print(f"DevGem is not running (data folder {settings.data_dir}). Start it with `devgem up`.")
    else:
        print(f"DevGem runs at {control.url} (pid {control.pid}, data folder {settings.data_dir})")
        print(f"isolation {session['isolation']['level']}: {session['isolation']['detail']}")
        for app in apps:
            print(f"  {app['name']}: {app['status']}  {app['url'] or ''}".rstrip())
    if control is None:
        raise Exit(Code.FAILURE)


def doctor(as_json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """What is missing, with the remedy. Exit code 1 when something needed is."""
    import asyncio

    from devgem.cli import show
    from devgem.cli.outcome import Code, Exit
    from devgem.config import read_settings
    from devgem.wiring import tools

    checks = asyncio.run(tools.examine(read_settings()))
    if as_json:
        show.json_document({"checks": [vars(check) for check in checks]})
    else:
        for check in checks:
            mark = show.styled("ok  ", "green") if check.ok else show.styled("miss", "red")
            print(f"{mark} {check.name}: {check.detail}")
            if not check.ok and check.fix:
                print(f"     fix: {check.fix}")
    if any(not check.ok and check.needed for check in checks):
        raise Exit(Code.FAILURE)


def edge(options: str = typer.Argument(..., metavar="JSON")) -> None:
    """The process that holds the gateway and the apps; `devgem up` starts it."""
    from devgem.wiring import edge as edge_process

    edge_process.run(edge_process.Options(**json.loads(options)))
