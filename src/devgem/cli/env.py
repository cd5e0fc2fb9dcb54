"""env list, set, unset: config vars. Values are never shown."""

import typer

_APP = typer.Argument(..., metavar="APP")
_BUILD = typer.Option(False, "--build", help="Variables of the build instead of the running app.")


def register(program: typer.Typer) -> None:
    env = typer.Typer(help="Config vars: listed by name, set, unset; values are never shown.", no_args_is_help=True)
    env.command("list")(list_names)
    env.command("set")(set_values)
    env.command("unset")(unset)
    program.add_typer(env, name="env")


def list_names(app: str = _APP, as_json: bool = typer.Option(False, "--json", help="One JSON document.")) -> None:
    """The names of the app's config vars."""
    from devgem.cli import show
    from devgem.cli.running import connect

    with connect() as client:
        items = client.get(f"/api/v1/apps/{app}/env")["items"]
    if as_json:
        show.json_document({"env": items})
        return
    show.table(
        ("NAME", "FOR", "CHANGED"),
        [(i["name"], "build" if i["build"] else "run", show.ago(i["updated_at"])) for i in items],
    )


def set_values(
    app: str = _APP,
    values: list[str] | None = typer.Argument(None, metavar="K=V..."),
    build: bool = _BUILD,
    env_file: str | None = typer.Option(
        None, "--env-file", metavar="F", help="A file of K=V lines; - for standard input."
    ),
) -> None:
    """Set config vars; they take effect with the next deployment."""
    from pathlib import Path

    from devgem.cli.outcome import Code, fail
    from devgem.cli.variables import pairs, read_env_file

    found = read_env_file(Path("/dev/stdin" if env_file == "-" else env_file)) if env_file else {}
    found |= pairs(values or [])
    if not found:
        fail("no config var was given", "Write NAME=value, or --env-file F.", Code.USAGE)
    _patch(app, {"set": found, "unset": [], "build": build})


def unset(app: str = _APP, names: list[str] = typer.Argument(..., metavar="K..."), build: bool = _BUILD) -> None:
    """Remove config vars; takes effect with the next deployment."""
    _patch(app, {"set": {}, "unset": names, "build": build})


def _patch(app: str, change: dict[str, object]) -> None:
    from devgem.cli.running import connect

    with connect() as client:
        answer = client.patch(f"/api/v1/apps/{app}/env", change)
    print(answer.get("note") or "done")
