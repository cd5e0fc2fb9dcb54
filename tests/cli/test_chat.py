"""`devgem chat`: in a pipe, and in a real terminal with approvals, diffs and Ctrl-C."""

import re
import signal
import time

import pytest

from tests.cli.conftest import Product, lines_of, saying
from tests.journeys.apps import script, server
from tests.journeys.conftest import Folders, wait_until

END = "\x04"


@pytest.fixture(scope="module")
def site(product: Product, folders: Folders) -> str:
    """An app with a style sheet of two far-off rules."""
    gap = "\n".join(f".a{n} {{ margin: {n}px }}" for n in range(30))
    css = f"body {{ background: white }}\n{gap}\nh1 {{ color: black }}\n"
    page = '<!doctype html><link rel="stylesheet" href="style.css"><title>Old</title><h1>Site</h1>\n'
    product.devgem.deploy(folders("site", {"index.html": page, "style.css": css}))
    return "site"


def test_a_deployment_is_asked_for_and_seen_through(product: Product, folders: Folders) -> None:
    done = product.devgem.run("chat", f"deploy {folders('spoken', server('spoken'))}")
    assert done.stdout.splitlines()[-1] == f"http://spoken.localhost:{product.devgem.apps_port}"
    assert "- Deploying" in done.stderr
    assert re.search(r"^verify +done", done.stderr, re.MULTILINE)
    assert product.devgem.get("spoken") == (200, "spoken")


def test_a_deployment_that_fails_ends_the_command_and_is_explained(product: Product, folders: Folders) -> None:
    done = product.devgem.run("chat", f"deploy {folders('broken', script('import nothing_at_all'))}", code=7)
    assert "was not deployed" in done.stderr
    assert "nothing_at_all" in done.stdout + done.stderr


def test_the_events_are_lines_of_json(product: Product, site: str) -> None:
    events = lines_of(product.devgem.run("chat", "--app", site, "restart", "--json").stdout)
    assert events[0]["type"] == "conversation.opened"
    types = [event["type"] for event in events]
    assert types.count("tool.called") == 2
    assert (types[-1], events[-1]["role"], events[-1]["stopped"]) == ("message.finished", "assistant", None)
    assert [event["seq"] for event in events[1:]] == list(range(1, len(events)))


def test_a_deployments_events_follow_those_of_the_conversation(product: Product, folders: Folders) -> None:
    done = product.devgem.run("chat", f"deploy {folders('lines', server())}", "--json")
    assert lines_of(done.stdout)[-1]["type"] == "deployment.live"
    assert done.stderr == ""


def test_lines_of_a_pipe_are_said_one_after_the_other(product: Product, site: str) -> None:
    done = product.devgem.run("chat", "--app", site, stdin="env\n\nrevisions\n")
    assert "has no config vars" in done.stdout or "Values are never shown" in done.stdout
    assert "v1" in done.stdout
    assert f"{site} is live at" in done.stderr
    assert "is live at" not in done.stdout


def test_a_piped_yes_approves_nothing(product: Product, site: str) -> None:
    done = product.devgem.run("chat", f"remove {site}", stdin=f"y\nyes\n{site}\n", code=1)
    assert "needs your approval" in done.stderr
    assert "--conversation cnv_" in done.stderr
    assert product.get(f"/api/v1/apps/{site}")["name"] == site


def test_what_waits_is_asked_for_when_one_comes_back(product: Product, site: str) -> None:
    done = product.devgem.run("chat", f"unset NOTHING on {site}", code=1)
    conversation = re.search(r"cnv_\w+", done.stderr)
    assert conversation is not None
    with product.terminal("chat", "--conversation", conversation.group()) as terminal:
        terminal.expect("unset_env {")
        terminal.expect('"NOTHING"')
        terminal.expect("[y/N]")
        terminal.type("y\n")
        terminal.expect("was removed")
        terminal.expect("> ")
        terminal.type(END)
        assert terminal.ends() == 0


def test_an_app_is_removed_by_its_typed_name_alone(product: Product, folders: Folders) -> None:
    product.devgem.deploy(folders("doomed", server()))
    with product.terminal("chat", "remove doomed") as terminal:
        terminal.expect("remove_app {")
        terminal.expect('"app": "doomed"')
        terminal.expect("anything else denies it: ")
        terminal.type("y\n")
        assert terminal.ends() == 1
    with product.terminal("chat", "remove doomed") as terminal:
        terminal.expect("anything else denies it: ")
        terminal.type("doomed\n")
        terminal.expect("removed")
        assert terminal.ends() == 0
    assert "doomed" not in product.devgem.run("list").stdout


def test_what_was_typed_before_the_question_does_not_answer_it(product: Product, site: str) -> None:
    with product.terminal("chat", f"unset NOTHING on {site}") as terminal:
        terminal.type("y\n" * 5)
        terminal.expect("[y/N]")
        terminal.type("\n")
        assert terminal.ends() == 1
        assert "was removed" not in terminal.screen


def test_a_value_is_typed_without_being_shown(product: Product, site: str) -> None:
    with product.terminal("chat", f"set STRIPE_KEY on {site}") as terminal:
        terminal.expect("[y/N]")
        terminal.type("y\n")
        terminal.expect("Value of STRIPE_KEY")
        terminal.expect("(not shown)")
        terminal.type("sk_live_hidden\n")
        terminal.expect("STRIPE_KEY of site was set")
        assert terminal.ends() == 0
        assert "sk_live_hidden" not in terminal.raw
    assert "STRIPE_KEY" in product.devgem.run("env", "list", site).stdout


def test_an_interrupt_at_a_question_denies_it(product: Product, site: str) -> None:
    with product.terminal("chat", f"unset NOTHING on {site}") as terminal:
        terminal.expect("[y/N]")
        terminal.interrupt()
        terminal.expect("Stopping the answer")
        assert terminal.ends() == 130
        conversation = re.search(r"cnv_\w+", terminal.screen)
    assert conversation is not None
    assert product.get(f"/api/v1/conversations/{conversation.group()}/approvals")["items"] == []


def test_an_interrupt_leaves_a_deployment_alone(product: Product, folders: Folders) -> None:
    slow = folders("slow", server("slow", before="import time; time.sleep(2)"))
    with product.terminal("chat", f"deploy {slow}") as terminal:
        terminal.expect("verify")
        terminal.interrupt()
        terminal.expect("goes on")
        assert terminal.ends() == 130
    wait_until(lambda: product.devgem.get("slow") == (200, "slow"), "the deployment has gone on")


def test_edits_are_shown_in_colour_and_deployed_when_accepted(product: Product, site: str) -> None:
    with product.terminal("chat", f"change the background of {site} to rebeccapurple") as terminal:
        terminal.expect("style.css (changed)")
        terminal.expect("[N]ot now: ")
        assert re.search(r"\x1b\[31m-[^\x1b]*white", terminal.raw)
        assert re.search(r"\x1b\[32m\+[^\x1b]*rebeccapurple", terminal.raw)
        terminal.type("y\n")
        terminal.expect("is live")
        assert terminal.ends() == 0
    assert "rebeccapurple" in product.devgem.get(site, "/style.css")[1]


def test_hunks_are_accepted_one_by_one(product: Product, site: str) -> None:
    with product.terminal("chat", "--app", site) as terminal:
        terminal.expect("> ")
        terminal.type("change the background to navy\n")
        terminal.expect("[N]ot now: ")
        terminal.type("\n")
        terminal.expect("kept, and not deployed")
        terminal.expect("> ")
        terminal.type('replace "color: black" with "color: teal" in style.css\n')
        terminal.expect("[N]ot now: ")
        terminal.type("h\n")
        terminal.expect("navy")
        terminal.expect("Take this hunk? [y/N] ")
        terminal.type("n\n")
        terminal.expect("teal")
        terminal.expect("Take this hunk? [y/N] ")
        terminal.type("y\n")
        terminal.expect("is live")
        terminal.expect("> ")
        terminal.type(END)
        assert terminal.ends() == 0
    style = product.devgem.get(site, "/style.css")[1]
    assert "teal" in style
    assert "navy" not in style


def test_a_talk_goes_on_after_an_error_and_ends_at_the_second_interrupt(product: Product, site: str) -> None:
    with product.terminal("chat") as terminal:
        terminal.expect("> ")
        terminal.type("roll back no-such-app\n")
        terminal.expect("no-such-app")
        terminal.expect("> ")
        terminal.type(f"status of {site}\n")
        terminal.expect("is live")
        terminal.expect("> ")
        terminal.type("half a senten")
        terminal.expect("half a senten")
        terminal.interrupt()
        terminal.expect("once more leaves")
        terminal.expect("> ")
        terminal.interrupt()
        terminal.expect("devgem chat --conversation cnv_")
        assert terminal.ends() == 130


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--app", "nope", "logs"], 4, "nope"),
        (["--conversation", "cnv_nope", "logs"], 4, "cnv_nope"),
        ([" "], 2, "empty"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(product: Product, arguments: list[str], code: int, says: str) -> None:
    done = product.devgem.run("chat", *arguments, code=code)
    assert says in done.stderr
    assert done.stdout == ""


def test_words_come_as_they_are_said(gemini: Product) -> None:
    gemini.will(saying("One ", "two ", "three\n", chunk_seconds=0.4))
    with gemini.terminal("chat", "count") as terminal:
        terminal.expect("One")
        first = time.monotonic()
        terminal.expect("three")
        assert time.monotonic() - first > 0.3
        assert terminal.ends() == 0


def test_an_interrupt_stops_the_answer(gemini: Product) -> None:
    gemini.will(saying(*["again and again "] * 200, chunk_seconds=0.2))
    with gemini.terminal("chat", "never stop") as terminal:
        terminal.expect("again and again again")
        terminal.interrupt()
        terminal.expect("Stopped.")
        assert terminal.ends() == 130


def test_a_second_interrupt_leaves(gemini: Product) -> None:
    gemini.will(saying(*["on and on "] * 200, chunk_seconds=0.2))
    with gemini.terminal("chat") as terminal:
        terminal.expect("> ")
        terminal.type("never stop\n")
        terminal.expect("on and on on")
        assert gemini.devgem.process is not None
        gemini.devgem.process.send_signal(signal.SIGSTOP)  # so that it cannot stop the answer meanwhile
        try:
            terminal.interrupt()
            terminal.expect("Stopping the answer")
            terminal.interrupt()
            terminal.expect("Come back with")
            assert terminal.ends() == 130
        finally:
            gemini.devgem.process.send_signal(signal.SIGCONT)


def test_what_a_model_says_cannot_move_on_the_terminal(gemini: Product) -> None:
    gemini.will(saying("safe\x1b]0;owned\x07 \x1b[2Jwords \u202eesrever\n"))
    with gemini.terminal("chat", "hello") as terminal:
        assert terminal.ends() == 0
        assert "\x1b]0" not in terminal.raw and "\x1b[2J" not in terminal.raw and "\u202e" not in terminal.raw
        assert "words" in terminal.screen


def test_a_model_that_asks_for_more_than_the_user_is_asked_about(gemini: Product, folders: Folders) -> None:
    gemini.devgem.deploy(folders("kept", server()))
    call = {"functionCall": {"name": "restart", "args": {"app": "kept"}}, "thoughtSignature": "c2lnbmF0dXJl"}
    gemini.will({"chunks": [[{"text": "I will look. "}], [call]]}, saying("As you wish."))
    with gemini.terminal("chat", "say hello") as terminal:
        terminal.expect("I will look.")
        terminal.expect("did not ask for exactly this")
        terminal.expect('"app": "kept"')
        terminal.expect("[y/N]")
        terminal.type("n\n")
        terminal.expect("As you wish.")
        assert terminal.ends() == 1


def test_a_budget_that_is_used_up_has_an_exit_code_of_its_own(gemini: Product) -> None:
    gemini.will(saying("Hello.", prompt_tokens=200_000), saying("Hello again."))
    first = gemini.devgem.run("chat", "hello", "--json")
    conversation = lines_of(first.stdout)[0]["conversation"]
    done = gemini.devgem.run("chat", "--conversation", conversation, "hello", code=6)
    assert "used its 100,000 tokens" in done.stdout


def test_waiting_for_the_model_is_told_and_seen_on_the_board(gemini: Product) -> None:
    gemini.fault({"kind": "429", "times": None, "seconds": 45})
    try:
        with gemini.terminal("chat", "hello") as terminal:
            terminal.expect("Waiting for the model: about ")
            board = gemini.devgem.run("quota").stdout
            terminal.interrupt()
            assert terminal.ends() == 130
    finally:
        gemini.fault()
    assert re.search(r"^gemini\S*  +\d+/\S+  +\d+/\S+  +[\d,]+/\S+  +cooling, .*next try in ", board, re.MULTILINE), (
        board
    )
    assert "waiting      deploy 0" in board
