"""Apps that start and do not serve: ports, databases, hosts, endings."""

import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Advice, Remedy, Retry
from devgem.agent.diagnosis.rule import RUN, Clue, Finding, Rule, rule, says
from devgem.domain.failure import Failure

_SILENT = "never_listens no_answer"
_FIXED_PORT = (
    (r"\.listen\(\s{0,8}(\d{2,5})(?=\s{0,8}[,)])", "process.env.PORT || {port}", (".js", ".mjs", ".cjs", ".ts")),
    (
        r"^(?:const|let|var) (?:port|PORT)\s{0,4}=\s{0,4}(\d{2,5})(?=;?$)",
        "process.env.PORT || {port}",
        (".js", ".mjs", ".ts"),
    ),
    (r"\bport\s{0,4}=\s{0,4}(\d{2,5})(?=\s{0,4}[,)])", 'int(__import__("os").environ.get("PORT", {port}))', (".py",)),
)
_LOOPBACK = (
    (r"\bhost\s{0,4}=\s{0,4}(['\"](?:127\.0\.0\.1|localhost)['\"])", (".py",)),
    (r"\.listen\([^)\n]{1,60},\s{0,4}(['\"](?:127\.0\.0\.1|localhost)['\"])", (".js", ".mjs", ".cjs", ".ts")),
    (
        r"--(?:host|bind|hostname)[ =]((?:127\.0\.0\.1|localhost))(?=[\s:]|$)",
        ("Procfile", "package.json", "devgem.toml"),
    ),
)


def _port_from_env(clue: Clue) -> Iterator[Remedy]:
    """The one place of the code that states a port, read from PORT in its stead."""
    found = [
        diff
        for path, text in clue.evidence.files.items()
        for pattern, new, ends in _FIXED_PORT
        if path.endswith(ends) and (diff := _group_replaced(path, text, pattern, new))
    ]
    yield from found if len(found) == 1 else ()
    yield Advice("let it listen on the PORT environment variable, at 0.0.0.0")


def _any_address(clue: Clue) -> Iterator[Remedy]:
    found = [
        diff
        for path, text in clue.evidence.files.items()
        for pattern, ends in _LOOPBACK
        if path.endswith(ends) and (diff := _group_replaced(path, text, pattern, None))
    ]
    yield from found if len(found) == 1 else ()
    yield Advice("let it bind 0.0.0.0 in place of 127.0.0.1")


def _group_replaced(path: str, text: str, pattern: str, new: str | None) -> Remedy | None:
    """Group 1 at the only place of the pattern; by `new`, or by 0.0.0.0 in the same quotes."""
    places = list(re.finditer(pattern, text, re.MULTILINE))
    if len(places) != 1:
        return None
    old = places[0][1]
    put = new.replace("{port}", old) if new else re.sub(r"127\.0\.0\.1|localhost", "0.0.0.0", old)  # noqa: S104 - theirs
    why = "PORT is what DevGem gives it." if new else "It then answers from outside, too."
    return edits.at(path, text, *places[0].span(1), put, why)


def _wrong_port(clue: Clue) -> Finding | None:
    port = clue["port"]
    plan = clue.evidence.plan
    if plan and port == str(plan.port):
        return None
    return Finding(f"it says that it listens on port {port}, and not on PORT", tuple(_port_from_env(clue)), "likely")


def _refused_by_code(clue: Clue) -> Finding:
    """A host that is refused where no line of the log says so."""
    failure: Failure = clue.evidence.failure
    return Finding(failure.cause, (Advice(failure.fix),) if failure.fix else ())


def _allowed_by_vite(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("vite.config.ts", "vite.config.js", "vite.config.mjs")
    if path and "allowedHosts" not in clue.evidence.files[path]:
        pattern = r"(defineConfig\(\{)[ \t]{0,4}\n"
        new = "defineConfig({\n  preview: { allowedHosts: true },\n"
        diff = edits.substituted(path, clue.evidence.files[path], pattern, new, "Its preview then answers to any name.")
        yield from (diff,) if diff else ()
    yield Advice("or serve the built files: `vite preview` and `vite dev` are for development")


def _exited(clue: Clue) -> Finding | None:
    if clue.evidence.exit_code != 0 and "exit code 0" not in clue.evidence.failure.cause:
        return None
    return Finding(
        "the start command ended by itself, with exit code 0, in place of waiting for requests",
        (
            Advice("let the start command be the server: a web app keeps running and listens on PORT"),
            Advice("if it has no URL by design, say so in a Procfile: `worker: <command>`"),
        ),
    )


RULES: tuple[Rule, ...] = (
    rule(
        "run.port_privileged",
        "The app wants a port that only root may use",
        says("the app wants port {port}, and only root may use ports below 1024", _port_from_env),
        r"(?:EACCES|[Pp]ermission denied)[^\n]{0,60}?(?:0\.0\.0\.0|::|127\.0\.0\.1|localhost"
        r"|\*)\W{1,3}(?P<port>\d{1,3})\b",
        r"listen tcp \S{0,40}:(?P<port>\d{1,3}): bind: permission denied",
        r"bind\(\) to \S{1,40}:(?P<port>\d{1,3}) failed \(13",
        steps=RUN,
    ),
    rule(
        "run.port_in_use",
        "The app listens twice on one port",
        says(
            "the app starts two servers on one port",
            Advice("let one of them listen on PORT, and give the other a port of its own"),
        ),
        r"EADDRINUSE|[Aa]ddress (?:is )?already in use|Only one usage of each socket address",
        steps=RUN,
    ),
    rule(
        "run.bad_address",
        "The app binds an address that this machine does not have",
        says("the app binds an address that this machine does not have", _any_address),
        r"EADDRNOTAVAIL|[Cc]annot assign requested address",
        steps=RUN,
    ),
    rule(
        "run.invalid_port",
        "The port is no number that can be listened on",
        says("the port that it listens on is not a number between 0 and 65535: `{what}`", _port_from_env),
        r"(?P<what>ERR_SOCKET_BAD_PORT[^\n]{0,120}|listen tcp: (?:address )?\S{1,60}: (?:invalid port|missing"
        r" port in address)[^\n]{0,40}|'\$PORT' is not a valid port number)",
        steps=RUN,
    ),
    rule(
        "run.host_unknown",
        "A host that the app needs is not known",
        says(
            "the host `{host}`, which the app needs, is not known here",
            Advice("set the config var that holds its address to a host that can be reached from here"),
        ),
        r"(?:ENOTFOUND|EAI_AGAIN)\s{1,2}(?P<host>[\w.-]{1,100})",
        r"dial tcp: lookup (?P<host>[\w.-]{1,100})",
        r"UnknownHostException: (?P<host>[\w.-]{1,100})",
        r"host='(?P<host>[\w.-]{1,100})'[^\n]{0,300}NameResolutionError",
        steps=RUN,
    ),
    rule(
        "run.name_unknown",
        "The name of a host that the app needs cannot be resolved",
        says(
            "the name of a host that the app needs cannot be resolved here",
            Advice("set the config var that holds its address to a host that can be reached from here"),
        ),
        r"[Nn]ame or service not known|Temporary failure in name resolution",
        steps=RUN,
    ),
    rule(
        "run.connection_refused",
        "Another server does not answer the app",
        says(
            "`{name}`, which the app needs, does not answer",
            Advice("set the config var that holds its address to one that can be reached from here"),
        ),
        r"connect ECONNREFUSED (?P<name>[\w.:\[\]-]{1,80})",
        r"dial tcp (?P<name>[\w.:\[\]-]{1,80}): connect: connection refused",
        r"(?P<name>ConnectionRefusedError: \[Errno 111\])",
        steps=RUN,
    ),
    rule(
        "run.vite_host",
        "Vite refuses the app's public address",
        says("Vite refuses requests for `{host}`, the app's public address", _allowed_by_vite),
        r"Blocked request\. This host \(\"?(?P<host>[\w.:-]{1,120})\"?\) is not allowed",
    ),
    rule(
        "run.invalid_host_header",
        "A development server refuses the app's public address",
        says(
            "a development server refuses the app's public address",
            Advice("start the app's production server, or serve its built files"),
        ),
        r"Invalid Host header",
        steps=RUN,
    ),
    rule("run.host_refused", "The app refuses its public address", _refused_by_code, codes="host_not_allowed"),
    rule(
        "run.loopback_only",
        "The app listens on 127.0.0.1 only",
        says("it listens on 127.0.0.1, where nothing outside its own machine reaches it", _any_address, likely=True),
        r"(?i:listening|running|serving|started|ready|local:)[^\n]{0,60}(?:https?://)?(?:127\.0\.0\.1"
        r"|localhost|\[::1\]):\d{2,5}",
        within=_SILENT,
        unless=r"^(?:Traceback|panic: |[A-Za-z.]{0,60}(?:Error|Exception)\b)|0\.0\.0\.0:\d",
    ),
    rule(
        "run.wrong_port",
        "The app listens on another port than PORT",
        _wrong_port,
        r"(?i:listening|running|serving|started|ready)[^\n]{0,60}?(?i: (?:on|at) (?:port"
        r" )?)(?:https?://)?(?:[\w.*\[\]-]{0,60}:)?(?P<port>\d{2,5})\b",
        r"The user-provided container failed to start and listen on the port defined provided by the"
        r" PORT=(?P<port>\d{2,5})",
        within="never_listens no_answer timeout",
        unless=r"^(?:Traceback|panic: |[A-Za-z.]{0,60}(?:Error|Exception)\b)",
    ),
    rule(
        "run.not_http",
        "The app does not speak plain HTTP on its port",
        says(
            "it accepts connections on PORT, but does not speak plain HTTP",
            Advice("let it serve plain HTTP: DevGem's gateway does what TLS needs"),
        ),
        codes="not_http",
    ),
    rule(
        "run.no_answer",
        "The app accepts connections and does not answer",
        says(
            "it accepts connections on PORT, and does not answer in time",
            Advice("see what a request waits for: a database, another server, a lock"),
        ),
        codes="no_answer",
    ),
    rule(
        "run.never_listens",
        "The app runs and listens on no port",
        says(
            "it runs, and listens on no port",
            _port_from_env,
            Advice("if it has no URL by design, say so in a Procfile: `worker: <command>`"),
        ),
        codes="never_listens",
    ),
    rule(
        "run.image_missing",
        "The cloud lost the image, or what was to run",
        says("the cloud no longer has what was built", Retry("It is then built anew.")),
        codes="image_missing not_started",
    ),
    rule("run.exited_zero", "The start command ended by itself, with exit code 0", _exited, codes="exited", steps=RUN),
)
