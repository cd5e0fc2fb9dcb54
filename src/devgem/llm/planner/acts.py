"""From a clause that commands an act to the call of a tool, or to a question where something is not plain."""

import re
from dataclasses import replace

from devgem.llm.planner.clauses import Clause
from devgem.llm.planner.intents import Intent
from devgem.llm.planner.plan import Ask, Call, NeedsModel, Plan, Say, Several
from devgem.llm.planner.sources import origin_of
from devgem.llm.planner.target import Context, Target, ask_which, residue, target_of
from devgem.llm.planner.tokens import Kind
from devgem.llm.planner.variables import names_in
from devgem.llm.planner.world import KnownApp, World

_BACK_STEPS = re.compile(
    r"\b(two|three|four|five|2|3|4|5) (?:\w+ )?(?:versions?|revisions?|releases?|steps?|deploys?)\b"
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5}
_TO = re.compile(r"(?:\bv|\b(?:version|revision|release|rev|number|no|--to|to) #?v?)(\d{1,6})\b")
_STRICT_REMOVE = re.compile(
    r"(?:remove|delete|destroy|erase|uninstall|get rid of|tear down|rm) (?:(?:the|my|our) )*(?:(?:app|application) )?"
    r"(?:called |named )?@app(?: (?:app|application|please|now|completely|entirely|for good|for me))*|tear @app down"
)
_SPEAKS_OF_A_REF = re.compile(r"\b(?:branch|tag|commit|sha|ref|pull request|pr)\b")
_PART_OF_A_PAGE = re.compile(
    r"\b(?:header|footer|heading|title|button|image|picture|page|section|text|link|menu|nav|sidebar|function|code|line|"
    r"file|files|folder|class|import|route|comment|@file|border|banner|form|table|login)\b"
)


def plan_act(intent: Intent, clause: Clause, context: Context) -> Plan:
    match intent:
        case Intent.DEPLOY:
            return _deploy(clause, context)
        case Intent.REMOVE:
            return _remove(clause, context)
        case Intent.TAKE_DOWN:
            return _take_down(clause, context)
        case Intent.ROLLBACK:
            return _rollback(clause, context)
        case Intent.SET_ENV | Intent.UNSET_ENV:
            return _env(intent, clause, context)
        case Intent.CANCEL:
            target = target_of(clause, context, prefer=context.world.running, act=True)
            return _on(_sure(target, clause), context, "cancel", "cancel {}", among=context.world.running)
        case Intent.RESTART:
            return _on(_sure(target_of(clause, context, act=True), clause), context, "restart", "restart {}")
        case _:
            return _on_edits(intent, clause, context)


def deploy_again(app: KnownApp, ref: str | None = None) -> Call:
    """A deployment of an app from where it came from."""
    given = {"source": app.repository, "name": app.name, "ref": ref or app.ref, "dir": app.dir}
    return Call("deploy", {key: value for key, value in given.items() if value and value != "."})


def _sure(target: Target, clause: Clause) -> Target:
    """No app at all where it was only guessed and the words may be about something else."""
    rest = residue(clause)
    if target.name is None or not rest:
        return target
    of_the_app = any(f"{Kind.APP} {word}" in clause.words for word in rest)  # `restart shop comments`
    return target if target.explicit and len(rest) == 1 and not of_the_app else Target()


def _on(target: Target, context: Context, tool: str, phrase: str, *, among: tuple[str, ...] = ()) -> Plan:
    if target.name is None:
        return ask_which(target, context, phrase, among=among)
    return Call(tool, {"app": target.name})


def _deploy(clause: Clause, context: Context) -> Plan:
    origin, claimed = origin_of(clause)
    if origin.ref is None and _SPEAKS_OF_A_REF.search(clause.words):
        return Ask("Which branch, tag or commit? Say `deploy owner/repo branch main`.")
    if origin.source is None and context.source and not clause.mentions_app:
        origin = replace(origin, source=context.source)
    if origin.source is not None:
        call = Call("deploy", origin.arguments())
        names = [token.text.partition("=")[0] for token in clause.all(Kind.ASSIGNED)]
        env = Call("set_env", {"app": origin.suggested_name, "names": names})
        return Several((call, env)) if names else call
    rest = Clause(tuple(token for token in clause.tokens if token not in claimed), clause.mood)
    rest = replace(rest, words=" ".join(token.word for token in rest.tokens))
    is_retry = re.match(r"retry|try|do", clause.words) and context.world.failed
    prefer = (context.world.failed,) if is_retry and context.world.failed else ()
    target = _sure(target_of(rest, context, prefer=prefer, act=True), rest)
    app = context.world.app(target.name)
    if app is None:
        return _ask_source(target, context)
    if app.name in context.world.edited and origin.ref is None:
        if not target.explicit:
            return Call("deploy_edits", {"app": app.name})
        choices = (f"deploy my changes to {app.name}", f"deploy the repository of {app.name}")
        if "repository" not in clause.words and "repo" not in clause.words:
            return Ask(
                f"{app.name} has edits that are not live. Shall they go live, or the repository's code?", choices
            )
    call = deploy_again(app, origin.ref)
    if not app.repository:
        return Ask(f"Where is the code of {app.name}? Say `deploy owner/repo as {app.name}`.")
    names = names_in(clause) if clause.all(Kind.ASSIGNED) else []
    return Several((Call("set_env", {"app": app.name, "names": names}), call)) if names else call


def _ask_source(target: Target, context: Context) -> Ask:
    choices = tuple(f"deploy {name}" for name in context.world.names)
    if target.unknown is not None:
        return Ask(
            f"Where is the code of {target.unknown!r}? Say `deploy owner/repo`, or give a git URL or a folder.", choices
        )
    return Ask("What shall be deployed? Say `deploy owner/repo`, or give a git URL or a folder.", choices)


def _rollback(clause: Clause, context: Context) -> Plan:
    target = _sure(target_of(clause, context, act=True), clause)
    app = context.world.app(target.name)
    to = _TO.search(clause.words)
    if app is None:
        return ask_which(target, context, "roll back {}" + (f" to v{to[1]}" if to else ""))
    number = int(to[1]) if to else _steps_back(clause, app)
    if number is None:
        return Call("rollback", {"app": app.name})
    if app.revisions and number not in app.revisions:
        known = tuple(f"roll back {app.name} to v{revision}" for revision in app.revisions[-6:])
        return Ask(f"{app.name} has no revision v{number} to go back to.", known)
    return Call("rollback", {"app": app.name, "to": number})


def _steps_back(clause: Clause, app: KnownApp) -> int | None:
    """The revision that `two versions back` or `the first version` names; None for the previous one."""
    if re.search(r"\b(?:first|oldest|very first|original) (?:version|revision|release|one)\b", clause.words):
        return app.revisions[0] if app.revisions else 1
    steps = _BACK_STEPS.search(clause.words)
    if steps is None or app.revision is None:
        return None
    count = _NUMBERS.get(steps[1]) or int(steps[1])
    older = [revision for revision in app.revisions if revision < app.revision]
    return older[-count] if count <= len(older) else 0


def _env(intent: Intent, clause: Clause, context: Context) -> Plan:
    names = names_in(clause)
    verb, tool = ("set", "set_env") if intent is Intent.SET_ENV else ("unset", "unset_env")
    if not names:
        return Ask(f"Which config var? Say `{verb} NAME on <app>`.")
    target = target_of(clause, context)
    if target.name is None:
        return ask_which(target, context, f"{verb} {', '.join(names)} on {{}}")
    return Call(tool, {"app": target.name, "names": names})


def _remove(clause: Clause, context: Context) -> Plan:
    """Only the plainest wording is taken at its word. Whatever else is asked back, with the plain wording to choose."""
    if (
        _STRICT_REMOVE.fullmatch(clause.words)
        and not clause.is_question
        and not any(token.fuzzy for token in clause.tokens)
    ):
        return Call("remove_app", {"app": clause.all(Kind.APP)[0].text})
    if _PART_OF_A_PAGE.search(clause.words):
        return needs_model("Taking parts of an app's code away")
    target = target_of(clause, context, act=True)
    if (
        context.world.apps
        and residue(clause)
        and not (target.explicit or target.unknown or clause.mistyped_destructive)
    ):
        return needs_model("Taking parts of an app's code away")
    if target.name is not None:
        question = f"I remove whole apps only, and that is for good. Is it {target.name} that shall be removed?"
        return Ask(question, (f"remove {target.name}",))
    return ask_which(target, context, "remove {}")


def _take_down(clause: Clause, context: Context) -> Plan:
    target = target_of(clause, context, act=True)
    if residue(clause) and not target.explicit:
        return needs_model("That")
    name = target.name
    if name is None and clause.words in ("stop", "end"):
        return Ask("What shall stop? No deployment is running.")
    if name is None:
        return ask_which(target, context, "status of {}")
    choices = (f"cancel {name}", f"restart {name}", f"remove {name}")
    return Ask(f"An app is not stopped by itself. End {name}'s deployment, restart it, or remove it?", choices)


def _on_edits(intent: Intent, clause: Clause, context: Context) -> Plan:
    tool = {
        Intent.DEPLOY_EDITS: "deploy_edits",
        Intent.PREVIEW: "preview_edits",
        Intent.DISCARD: "discard_edits",
        Intent.PULL_REQUEST: "open_pull_request",
    }[intent]
    target = target_of(clause, context, prefer=context.world.edited)
    if target.name is None:
        return ask_which(target, context, f"{intent} of {{}}")
    if intent is Intent.PULL_REQUEST:
        titles = clause.all(Kind.QUOTED)
        named = re.search(r"(?:titled|called|named|title) (\S+)", clause.words)
        spelled = " ".join(token.text for token in clause.starting(named.start(1)).tokens) if named else ""
        return Call(tool, {"app": target.name, "title": titles[0].text if titles else spelled or "Edits by DevGem"})
    return Call(tool, {"app": target.name})


def needs_model(what: str) -> NeedsModel:
    return NeedsModel(
        f"{what} is more than I understand without a model, and none is configured (`GEMINI_API_KEY` is one way).",
        ("change the background to blue", "rename the title to My Shop", 'replace "Hello" with "Hi" in index.html'),
    )


def undo(clause: Clause, context: Context, tool: str) -> Plan:
    """Undo concerns edits; where there are none it may be a rollback that is meant."""
    world: World = context.world
    target = target_of(clause, context, prefer=world.edited)
    if target.name in world.edited or (target.name and tool == "redo_edit"):
        return Call(tool, {"app": target.name})
    if not world.apps:
        return Say("There is nothing to undo.", "nothing")
    names = (target.name,) if target.name else world.names
    return Ask("There are no edits to undo. Shall a revision be rolled back?", tuple(f"roll back {n}" for n in names))
