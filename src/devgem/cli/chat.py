"""chat: the same agent as in the browser, in a terminal."""

import typer


def register(program: typer.Typer) -> None:
    program.command()(chat)


def chat(
    message: str | None = typer.Argument(
        None, metavar='["MESSAGE"]', help="What to say; left out: talk back and forth."
    ),
    app: str | None = typer.Option(None, "--app", metavar="APP", help="What the conversation is about."),
    conversation: str | None = typer.Option(None, "--conversation", metavar="ID", help="Go on with this one."),
    as_json: bool = typer.Option(False, "--json", help="NDJSON events on stdout."),
) -> None:
    """Say what you want. Answers go to stdout, progress to stderr. Ctrl-C stops the answer.

    Examples:

      devgem chat "deploy owner/repo"

      devgem chat --app shop "why did it fail?"

      devgem chat
    """
    from devgem.cli.outcome import Code, Exit, fail
    from devgem.cli.running import connect
    from devgem.cli.talk import Talk

    if message is not None and not message.strip():
        fail("the message is empty", 'Say something, such as `devgem chat "list my apps"`.', Code.USAGE)
    with connect(start=True) as client:
        if app is not None:
            client.get(f"/api/v1/apps/{app}")
        talk = Talk.begin(client, conversation, as_json=as_json)
        if app is not None:
            talk.say(f"status of {app}")
        if message is not None:
            raise Exit(talk.once(message))
        talk.loop()
