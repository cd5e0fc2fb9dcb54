"""mcp: an MCP server on stdio, for agents that run on this machine."""

import typer


def register(program: typer.Typer) -> None:
    program.command()(mcp)


def mcp(
    allow_deploys: bool = typer.Option(
        False, "--allow-deploys", help="Deploy, roll back, restart and cancel without an approval each time."
    ),
) -> None:
    """An MCP server on stdio over the tools and policies of the DevGem that runs.

    Examples:

      claude mcp add devgem -- devgem mcp

      {"mcpServers": {"devgem": {"command": "devgem", "args": ["mcp"]}}}
    """
    import sys

    from devgem.cli.bridge import serve
    from devgem.cli.outcome import Code, fail

    if sys.stdin.isatty():
        fail("devgem mcp speaks to a program, not to a person", "Let an MCP client start it: see --help.", Code.USAGE)
    serve(allow_deploys=allow_deploys)
