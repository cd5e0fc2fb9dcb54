"""Errors of a program's own: what is left where no rule knows more."""

from collections.abc import Iterator

from devgem.agent.diagnosis.diagnosis import Advice, ConfigVar, Remedy, Retry
from devgem.agent.diagnosis.rule import RUN, Clue, Finding, Rule, rule, says


def _unset(clue: Clue) -> Iterator[Remedy]:
    if names := clue.evidence.unset:
        yield ConfigVar(names, "The code reads them, and they are not set.")


def _crashed(clue: Clue) -> Finding:
    advice = Advice("see the line of its own code in the trace above it")
    return Finding(f"the app ended with `{clue['what']}`", (*_unset(clue), advice), "likely")


def _error_answer(clue: Clue) -> Finding:
    advice = Advice("see what the log says for this request")
    return Finding(clue.evidence.failure.cause, (*_unset(clue), advice))


RULES: tuple[Rule, ...] = (
    rule(
        "go.panic",
        "The Go program panics",
        says(
            "the program ends with a panic: `{what}`",
            Advice("see the line of its own code that stands first below it"),
            likely=True,
        ),
        r"^panic: (?P<what>[^\n]{1,200})",
    ),
    rule(
        "rust.panic",
        "The Rust program panics",
        says("the program panics: `{what}`", Advice("see the line of its own code that the log names"), likely=True),
        r"^thread '[^'\n]{1,60}'(?: \(\d{1,9}\))? panicked at (?P<what>[^\n]{1,160})",
    ),
    rule(
        "elixir.boot",
        "The Elixir application does not start",
        says(
            "the application does not start: `{what}`",
            Advice("see the reason that the log gives below it"),
            likely=True,
        ),
        r"(?P<what>Could not start application \w{1,60}: [^\n]{1,120})|(?P<what2>Kernel pid terminated"
        r" \(application_controller\)[^\n]{0,120})",
    ),
    rule(
        "dotnet.unhandled",
        "The .NET program ends with an exception",
        says(
            "the program ends with `{what}`",
            Advice("see the line of its own code that stands first below it"),
            likely=True,
        ),
        r"^Unhandled exception\. (?P<what>[^\n]{1,160})",
    ),
    rule(
        "php.fatal",
        "PHP ends with an uncaught exception",
        says("PHP ends with `{what}`", Advice("see the line of its own code that the log names"), likely=True),
        r"PHP Fatal error: {1,4}Uncaught (?P<what>[^\n]{1,160})",
    ),
    rule(
        "java.spring_bean",
        "Spring cannot make a bean",
        says(
            "Spring cannot make a bean: `{what}`",
            Advice("see the last `Caused by` in the log: it is the reason"),
            likely=True,
        ),
        r"Caused by: (?P<what>[\w.$]{1,120}(?:Exception|Error): [^\n]{1,160})",
        r"(?P<what>Parameter \d of constructor in \S{1,120} required a bean[^\n]{0,120})",
        last=True,
        unless=r"Connection refused|UnknownHostException|Connection to \S{1,80} refused|password authentication failed",
        stacks="java",
    ),
    rule(
        "run.fetch_failed",
        "A request of the app to another server fails",
        says(
            "a request that the app makes to another server fails",
            _unset,
            Advice("see which address it asks, and whether it can be reached from here"),
        ),
        r"TypeError: fetch failed|requests\.exceptions\.ConnectionError|httpx\.ConnectError",
        r"AxiosError: (?:connect|getaddrinfo)",
        steps=RUN,
    ),
    rule(
        "run.uncaught",
        "The app ends with an error of its own code",
        _crashed,
        r"^(?P<what>(?:[\w.]{1,120}\.)?[A-Z]\w{0,60}(?:Error|Exception)(?: \[\w{1,60}\])?: [^\n]{1,200})",
        last=True,
        steps=RUN,
        likely=True,
    ),
    rule(
        "run.answers_5xx",
        "The app answers with an error",
        _error_answer,
        codes="answers_5xx",
    ),
    rule(
        "build.uncaught",
        "A command of the build ends with an error of its own",
        lambda clue: Finding(
            f"a command of the build ended with `{clue['what']}`",
            (Advice("see the lines above it"),),
            "likely",
        ),
        r"^(?P<what>(?:[\w.]{1,120}\.)?[A-Z]\w{0,60}(?:Error|Exception)(?: \[\w{1,60}\])?: [^\n]{1,200})",
        last=True,
        likely=True,
    ),
    rule(
        "devgem.internal",
        "A fault of DevGem itself",
        says(
            "a step broke: this is a fault of DevGem, not of the app",
            Retry("If it comes back, report it with DevGem's own log."),
        ),
        codes="internal",
    ),
)
