"""From a clause that asks to see something to the call of a reading tool."""

import re
from typing import Any

from devgem.llm.planner.acts import undo
from devgem.llm.planner.clauses import Clause
from devgem.llm.planner.intents import Intent
from devgem.llm.planner.plan import Ask, Call, Plan, Say
from devgem.llm.planner.sources import origin_of
from devgem.llm.planner.target import Context, ask_which, target_of
from devgem.llm.planner.tokens import Kind

_LINES = re.compile(
    r"(?:last|first|recent|latest|-n|--lines|--tail|tail) (\d{1,6})\b|\b(\d{1,6}) (?:\w+ )?(?:lines?|rows|entries)\b"
)
_GREP = re.compile(
    r"(?:grep(?: for)?|--grep|containing|contains?|matching|mentioning|including|that (?:say|says|mention|contain)) "
    r"(?!the\b|@app\b|it\b)(\S+)|"
    r"(?:find|search|grep|look for) (@quo|@cap|\w+) (?:in|from|within|inside)\b|"
    r"with (?:the )?(?:word|text|string|phrase) (\S+)|"
    r"(?:with|about|(?:search|look|filter|scan|check)\b.* for) "
    r"(?!the\b|lines?\b|build\b|@app\b|it\b|errors?\b|logs?\b|me\b)(\S+)"
)
_QUERY = re.compile(r"(?:about|for|matching|named|called|with|like|containing|named) (?!me\b|my\b|the\b)(\S+)$")
_PHRASES = {
    Intent.EXPLAIN: ("explain_failure", "why did {} fail?"),
    Intent.REVISIONS: ("list_revisions", "revisions of {}"),
    Intent.DEPLOYMENTS: ("list_deployments", "deployment history of {}"),
    Intent.SIGNALS: ("signals", "traffic of {}"),
    Intent.LIST_ENV: ("list_env", "env of {}"),
    Intent.DIFF: ("show_diff", "diff of {}"),
    Intent.CHECKS: ("run_checks", "run the tests of {}"),
    Intent.LOGS: ("read_logs", "logs {}"),
    Intent.FILES: ("list_files", "list the files of {}"),
    Intent.READ_FILE: ("read_file", "show the file {{}} of {}"),
    Intent.SEARCH_FILES: ("search_files", "search the code of {} for {{}}"),
}


def plan_reading(intent: Intent, clause: Clause, context: Context) -> Plan:
    match intent:
        case Intent.LIST:
            return Call("list_apps")
        case Intent.QUOTA:
            return Call("quota")
        case Intent.REPOSITORIES:
            found = _QUERY.search(clause.words)
            return Call("list_repositories", {"query": clause.at(found.start(1)).text} if found else {})
        case Intent.INSPECT:
            return Call("inspect_repository", _without_name(clause))
        case Intent.STATUS:
            return _status(clause, context)
        case Intent.OPEN:
            return _open(clause, context)
        case Intent.UNDO | Intent.REDO:
            return undo(clause, context, f"{intent}_edit")
        case _:
            return _about_one_app(intent, clause, context)


def _without_name(clause: Clause) -> dict[str, Any]:
    return {key: value for key, value in origin_of(clause)[0].arguments().items() if key != "name"}


def _about_one_app(intent: Intent, clause: Clause, context: Context) -> Plan:
    tool, phrase = _PHRASES[intent]
    world = context.world
    prefer = {Intent.EXPLAIN: (world.failed,) if world.failed else (), Intent.DIFF: world.edited}.get(intent, ())
    if intent is Intent.CHECKS:
        prefer = world.edited
    details = _details(intent, clause)
    searches = intent is Intent.SEARCH_FILES or "grep" in (details or {})
    target = target_of(clause, context, prefer=prefer, by_name=not searches)
    if target.name is None:
        return ask_which(target, context, phrase.format("{}") if "{{}}" not in phrase else "status of {}")
    if details is None:
        return Ask(f"Which file or text of {target.name}?")
    return Call(tool, {"app": target.name, **details})


def _details(intent: Intent, clause: Clause) -> dict[str, Any] | None:
    """The arguments besides the app; None where a needed one is missing."""
    match intent:
        case Intent.LOGS:
            return _log_details(clause)
        case Intent.READ_FILE:
            return {"path": clause.all(Kind.FILE)[0].text}
        case Intent.FILES:
            return _folder(clause)
        case Intent.SEARCH_FILES:
            quoted = clause.all(Kind.QUOTED)
            found = re.search(r"(?:for|find|where|containing|with|grep) (\S+)", clause.words)
            text = quoted[0].text if quoted else clause.at(found.start(1)).text if found else None
            return {"text": text} if text else None
        case _:
            return {}


def _folder(clause: Clause) -> dict[str, Any]:
    found = re.search(
        r"(?:in|under|inside|of|below) (?:the )?(?:folder )?(?!@app|it\b|my\b)(@src|[\w.-]+)", clause.words
    )
    if found is None or clause.at(found.start(1)).word in ("app", "project", "repository", "repo", "site"):
        return {}
    return {"under": clause.at(found.start(1)).text.strip("/")}


def _log_details(clause: Clause) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if re.search(r"\bbuild\b|--build|\bbuilder\b|\bdeployment log|\bdeploy logs?\b", clause.words):
        details["build"] = True
    if found := _LINES.search(clause.words):
        details["lines"] = int(found[1] or found[2])
    if found := _GREP.search(clause.words):
        token = clause.at(found.start(found.lastindex or 1))
        if token.text != str(details.get("lines")):
            details["grep"] = token.text
    return details


def _status(clause: Clause, context: Context) -> Plan:
    target = target_of(clause, context, prefer=context.world.running)
    if target.unknown is not None and context.world.apps:
        return ask_which(target, context, "status of {}")
    return Call("app_status", {"app": target.name}) if target.name else Call("list_apps")


def _open(clause: Clause, context: Context) -> Plan:
    target = target_of(clause, context)
    app = context.world.app(target.name)
    if app is None:
        return ask_which(target, context, "open {}")
    if not app.url or (app.status in ("failed", "") and app.revision is None):
        return Call("app_status", {"app": app.name})
    return Say(f"{app.name} is at {app.url}", "url")
