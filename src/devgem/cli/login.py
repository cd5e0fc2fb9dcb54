"""login, logout, whoami: the command line's sign-in to a DevGem server."""

import typer

_SERVER = typer.Option(None, "--server", envvar="DEVGEM_SERVER", metavar="URL", help="The DevGem server.")


def register(program: typer.Typer) -> None:
    for command in (login, logout, whoami):
        program.command()(command)


def login(server: str | None = _SERVER) -> None:
    """Sign in to a DevGem server with GitHub, by a code that you type in there.

    Examples:

      devgem login --server https://devgem.example.com
    """
    import time

    from devgem.cli import credentials
    from devgem.cli.client import Client
    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import checked, say_progress

    if server is None:
        fail("this machine's DevGem needs no sign-in", "Name another one with --server URL.", Code.USAGE)
    with Client(checked(server), "") as client:
        begun = client.post("/api/v1/signin/device")
        say_progress(f"Open {begun['verification_uri']} and type in the code {begun['user_code']}")
        deadline = time.monotonic() + begun["expires_in"]
        while time.monotonic() < deadline:
            time.sleep(begun["interval"])
            answer = client.post(f"/api/v1/signin/device/{begun['handle']}")
            if "token" in answer:
                credentials.keep(server, answer["token"])
                print(answer["user"]["login"])
                say_progress(f"Signed in. To use it: export DEVGEM_SERVER={server.rstrip('/')}")
                return
    fail("nobody typed the code in", "Begin again with `devgem login`.", Code.TIMED_OUT)


def logout(server: str | None = _SERVER) -> None:
    """Sign out of a DevGem server."""
    from devgem.cli import credentials
    from devgem.cli.client import Client
    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import checked
    from devgem.domain.errors import DevGemError

    token = credentials.find(server) if server else None
    if server is None or token is None:
        fail("not signed in to a DevGem server", "Name it with --server URL.", Code.NOT_SIGNED_IN)
    credentials.forget(server)
    try:
        with Client(checked(server), token) as client:
            client.delete("/api/v1/session")
    except DevGemError as error:
        fail(f"signed out here, but the server was not told: {error.message}", error.fix)


def whoami(
    server: str | None = _SERVER, as_json: bool = typer.Option(False, "--json", help="One JSON document.")
) -> None:
    """Who you are at the DevGem server, or at this machine's."""
    from devgem.cli import show
    from devgem.cli.client import Client
    from devgem.cli.outcome import Code, fail
    from devgem.cli.running import address, checked, token_of

    url, token = (checked(server), token_of(server)) if server else address()
    with Client(url, token) as client:
        session = client.get("/api/v1/session")
    if not session["signed_in"]:
        fail(f"not signed in to {url}", f"Run `devgem login --server {url}`.", Code.NOT_SIGNED_IN)
    if as_json:
        show.json_document({"server": url, "user": session["user"]})
        return
    print(session["user"]["login"])
