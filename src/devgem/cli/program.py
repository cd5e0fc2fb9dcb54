"""The commands and their names. Imports Typer alone, so that help starts fast; a command imports what it needs."""

import typer

from devgem.cli import apps, chat, deploy, detect, domains, env, lifecycle, login, logs, mcp, quota
from devgem.cli.outcome import Code, Exit, code_of, say_error
from devgem.domain.errors import DevGemError

_HELP = """Say deploy, get a working link.

Examples:

  devgem deploy                          deploy this folder

  devgem deploy owner/repo --ref main    deploy a repository

  devgem logs shop -f                    follow an app's log

  devgem rollback shop                   back to the revision before

  devgem chat "why did shop fail?"       say what you want
"""


def build() -> typer.Typer:
    program = typer.Typer(
        name="devgem",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    program.callback()(_root)
    lifecycle.register(program)
    deploy.register(program)
    detect.register(program)
    apps.register(program)
    logs.register(program)
    env.register(program)
    domains.register(program)
    chat.register(program)
    quota.register(program)
    mcp.register(program)
    login.register(program)
    return program


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"devgem {version('devgem')}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    del version


def run() -> int:
    """Runs the program on sys.argv and answers the exit code. Typer itself ends usage errors (2) and Ctrl-C (130)."""
    try:
        build()()
    except Exit as ending:
        return ending.code
    except DevGemError as error:
        say_error(error.message, error.fix)
        return code_of(error)
    return Code.OK
