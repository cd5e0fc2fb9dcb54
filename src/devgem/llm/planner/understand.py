"""From a message and the state of things to a plan: pure, and for every text there is an answer.

The message is taken apart into clauses. Each clause is read by itself, with what the ones before it spoke of; what is
asked back, or needs a model, comes before what could be done, so that nothing is half done.
"""

import re
from dataclasses import dataclass, replace

from devgem.llm.planner import guide
from devgem.llm.planner.acts import needs_model, plan_act
from devgem.llm.planner.clauses import Clause, Mood, clauses
from devgem.llm.planner.intents import ACTS, Intent, act_of, mentions_act, reading_of, talk_of
from devgem.llm.planner.language import is_foreign
from devgem.llm.planner.lexicon import DESTRUCTIVE
from devgem.llm.planner.plan import Ask, Call, NeedsModel, Plan, Say, Several
from devgem.llm.planner.readings import plan_reading
from devgem.llm.planner.sources import Origin, sources_in
from devgem.llm.planner.target import Context, target_of
from devgem.llm.planner.tokens import Kind, tokens
from devgem.llm.planner.wishes import plan_wish
from devgem.llm.planner.world import World

CALLS_LIMIT = 10
_MORE_OF_A_DEPLOYMENT = re.compile(
    r"(?:with |in |on |from |at |using |use )?(?:the )?(?:branch|tag|ref|folder|directory|dir|subfolder|--\w+)\b|"
    r"(?:call|name) it\b|(?:named|called|as) \S+$|from (?:the )?\S+ branch"
)
_MORE_OF_LOGS = re.compile(r"(?:the )?(?:(?:last|first|latest) \d+|\d+ lines|build\b|lines? with|with|containing|grep)")
_MORE_VARIABLES = re.compile(r"(?:the )?(?:@set|@var|@cap)\b|@blk$")
_TAKES_VARIABLES = re.compile(
    r"@set|@var|@cap|^(?:use|here|these|this|my|set|add|with|it needs|the env|env|put)\b|\.?env\b"
)
_ANOTHER = re.compile(r"(?:also )?(?:(?:the|my) )*(?:app )?(@app|@src)(?: (?:app|too|also|as well|please|repo))*")
_CANNOT_WAIT = "I cannot wait for that to come about: I act at once or not at all. Say it without the condition."
_UNDER_A_CONDITION = re.compile(
    r"(?:if|unless|when|whenever|once(?! more)|as soon as|in case|after|until|before|every|tomorrow|"
    r"tonight|later|provided|"
    r"assuming|only if|otherwise|else|or else)\b"
)
_TAKEN_BACK = re.compile(
    r"(?:(?:i am |i'm )?not (?:so |quite )?sure|hm+|no|nope|not|maybe|wait|hold on|never mind|nevermind|"
    r"on second thought)\b"
)
_ASKS_FOR_A_FIX = re.compile(r"\b(?:fix|solve|repair|resolve)\b.*\b(?:error|it|this|that|problem|failure|issue|@app)\b")
_DOUBT = re.compile(r"\b(?:not|no|don't|never|nope|wait|doubt|without asking)\b")
_MENTIONS_REMOVAL = re.compile(rf"\b(?:{'|'.join(sorted(DESTRUCTIVE))})\b")
_ASKS_TO_SEE = re.compile(
    r"(?:show|list|see|view|help|what|which|who|when|why|how|is|are|was|were|did|has|have|does|do|open|"
    r"search|grep|find|check|"
    r"inspect|logs|status|explain|describe|tell)\b"
)
_CREATING = re.compile(
    r"(?:add|write|make|fix|refactor|translate|implement|create|build|design|improve|optimi[sz]e|convert|migrate|"
    r"change|rewrite|generate|integrate|style|move|animate|center|align|upgrade|install|style|insert|use|turn)\b"
)


@dataclass(frozen=True)
class Reading:
    """What one clause came to. `plan` is None where it says nothing to be done."""

    clause: Clause
    intent: Intent | None
    plan: Plan | None
    statement: bool = False


def understand(text: str, world: World) -> Plan:
    """What `text`, a user's message, asks for in `world`."""
    if is_foreign(text):
        return needs_model("Another language than English")
    found = _joined(clauses(tokens(text, world.names)))
    if not found:
        return Say(guide.GENERAL, "help") if "?" in text else _lost()
    if found[0].mood in (Mood.PLAIN, Mood.CONDITIONAL) and (wished := plan_wish(text, world, understand)) is not None:
        return wished
    readings: list[Reading] = []
    context = Context(world)
    for clause in found:
        reading = _read(clause, context, readings)
        readings.append(reading)
        context = _moved_on(context, reading)
    return _concluded(readings, world)


def _joined(found: list[Clause]) -> list[Clause]:
    """Clauses that only go on with the one before them, made one with it."""
    joined: list[Clause] = []
    for clause in found:
        before = joined[-1] if joined else None
        if before is not None and _is_bare_verb(before) and act_of(before) is act_of(clause):
            joined[-1] = clause
        elif before is not None and _goes_on(before, clause):
            words = f"{before.words} {clause.words}"
            joined[-1] = replace(before, tokens=before.tokens + clause.tokens, words=words)
        else:
            joined.append(clause)
    return joined


def _is_bare_verb(clause: Clause) -> bool:
    """`Rebuild and redeploy shop` says the same twice."""
    return len(clause.tokens) == 1 and clause.tokens[0].kind is Kind.WORD and act_of(clause) is not None


def _goes_on(before: Clause, clause: Clause) -> bool:
    if _MORE_OF_A_DEPLOYMENT.match(clause.words) and act_of(before) is Intent.DEPLOY and act_of(clause) is None:
        return True
    if _MORE_OF_LOGS.match(clause.words) and reading_of(before) is Intent.LOGS and act_of(clause) is None:
        return True
    if not _MORE_VARIABLES.match(clause.words):
        return False
    return bool(_TAKES_VARIABLES.search(before.words)) or act_of(before) in (Intent.SET_ENV, Intent.UNSET_ENV)


def _read(clause: Clause, context: Context, before: list[Reading]) -> Reading:
    last = before[-1].intent if before else None
    if clause.mood is Mood.NEGATED:
        return Reading(clause, None, Say(guide.DECLINED, "declined"))
    if clause.mood is Mood.ASKING_HOW and _ASKS_FOR_A_FIX.search(clause.words):
        return Reading(clause, Intent.EXPLAIN, _plan(Intent.EXPLAIN, clause, context))
    if clause.mood is Mood.ASKING_HOW and (topic := guide.topic_of(clause.words)):
        return Reading(clause, Intent.HELP, Say(guide.help_text(topic), f"help:{topic}"))
    if last is not None and _ANOTHER.fullmatch(clause.words):
        return Reading(clause, last, _plan(last, _after_verb_of(before[-1], clause), replace(context, spoken=None)))
    act = act_of(clause)
    if act is not None and clause.mood is Mood.CONDITIONAL:
        return Reading(clause, act, Ask(_CANNOT_WAIT))
    if act is not None and _DOUBT.search(clause.words):
        return Reading(clause, act, Ask("I am not sure whether that shall be done or not. Say it as a plain command."))
    intent = act or _talk_first(clause) or reading_of(clause) or talk_of(clause)
    if intent not in ACTS and _MENTIONS_REMOVAL.search(clause.words) and not _ASKS_TO_SEE.match(clause.words):
        intent = None
    if intent in ACTS and clause.mistyped_destructive and intent is not Intent.REMOVE:
        return Reading(clause, intent, _lost())
    if intent is not None:
        statement = intent is Intent.EXPLAIN and not re.match(r"why|what|explain|debug|diagnose", clause.words)
        return Reading(clause, intent, _plan(intent, clause, context), statement)
    statement = len(clause.tokens) > 2 and not _MENTIONS_REMOVAL.search(clause.words)
    return Reading(clause, None, _alone(clause, context), statement)


def _after_verb_of(before: Reading, clause: Clause) -> Clause:
    """`Remove shop and blog`: the second name as if the verb stood before it."""
    if before.intent is not Intent.REMOVE or not isinstance(before.plan, Call):
        return clause
    verb = before.clause.tokens[0]
    return replace(clause, tokens=(verb, *clause.tokens), words=f"{verb.word} {clause.words}")


def _talk_first(clause: Clause) -> Intent | None:
    """Help on a topic is asked for in words that are also those of the topic."""
    talk = talk_of(clause)
    return talk if talk in (Intent.HELP, Intent.ASSENT, Intent.GREETING) else None


def _plan(intent: Intent, clause: Clause, context: Context) -> Plan:
    match intent:
        case Intent.HELP:
            topic = guide.topic_of(re.sub(r"^(?:help|\?)", "", clause.words))
            return Say(guide.help_text(topic), f"help:{topic}" if topic else "help")
        case Intent.GREETING:
            return Say(guide.GREETING, "greeting")
        case Intent.THANKS:
            return Say(guide.THANKS, "thanks")
        case Intent.ASSENT:
            return Say(guide.NOTHING, "nothing")
        case _ if intent in ACTS:
            return plan_act(intent, clause, context)
        case _:
            return plan_reading(intent, clause, context)


def _alone(clause: Clause, context: Context) -> Plan | None:
    """A clause with no verb: an app's name, an address, or something that is not understood."""
    if found := re.fullmatch(r"(?:(?:the|my) )*(@app|@src)(?: app)?\??", clause.words):
        token = clause.at(found.start(1))
        if token.kind is Kind.APP:
            return Call("app_status", {"app": target_of(clause, context).name})
        return Ask(f"What shall be done with {token.text}?", (f"deploy {token.text}", f"inspect {token.text}"))
    if near := _near(clause, context):
        return Ask("I am not sure what shall be done. Is it one of these?", near)
    if mentions_act(clause):
        return Ask(
            "I am not sure what shall be done. Say it as a plain command, such as `restart shop`, or ask `help`."
        )
    return None


def _near(clause: Clause, context: Context) -> tuple[str, ...]:
    """What the words about an app are likely about, as messages to choose from."""
    if not clause.mentions_app or _CREATING.match(clause.words):
        return ()
    name = target_of(clause, context).name
    topic = guide.topic_of(re.sub(r"@app", "", clause.words))
    return tuple(phrase.format(name) for phrase in guide.EXAMPLES.get(topic or "", ()))


def _moved_on(context: Context, reading: Reading) -> Context:
    clause = reading.clause
    if clause.mentions_app:
        return replace(context, spoken=target_of(clause, context).name)
    if sources := sources_in(clause):
        made = [call for call in calls_of(reading.plan) if call.tool in ("deploy", "inspect_repository")]
        deployed = _name_of(made[0]) if made and made[0].tool == "deploy" else context.spoken
        return replace(context, source=sources[0], spoken=deployed)
    return context


def _name_of(call: Call) -> str:
    arguments = {key: value for key, value in call.arguments.items() if key in ("source", "name", "dir")}
    return Origin(**arguments).suggested_name


def _concluded(readings: list[Reading], world: World) -> Plan:
    """Questions first, then what needs a model, then the calls; talk only where there is nothing else."""
    plans = [reading.plan for reading in readings if reading.plan is not None]
    declined = any(isinstance(plan, Say) and plan.topic == "declined" for plan in plans)
    if declined:
        readings = [r for r in readings if not (r.intent is Intent.CANCEL and r.clause.words == "stop")]
    unsure = declined or any(reading.statement or reading.plan is None for reading in readings)
    if unsure and any(call.tool == "remove_app" for plan in plans for call in calls_of(plan)):
        return Ask("Is an app to be removed? Say that alone, so that there is no doubt.")
    if any(act.intent in ACTS for act in readings[:-1]) and _TAKEN_BACK.match(readings[-1].clause.words):
        return Ask("I am not sure whether that shall be done or not. Say it as a plain command.")
    acting = any(reading.intent in ACTS for reading in readings)
    readings = [reading for reading in readings if not (acting and reading.statement)]
    plans = [reading.plan for reading in readings if reading.plan is not None]
    calls = tuple({_key(call): call for plan in plans for call in calls_of(plan)}.values())
    unknown = [reading for reading in readings if reading.plan is None]
    if acting and any(_UNDER_A_CONDITION.match(reading.clause.words) for reading in readings):
        return Ask(_CANNOT_WAIT)
    if asks := [plan for plan in plans if isinstance(plan, Ask)]:
        return asks[0]
    if unknown and (not calls or any(_CREATING.match(reading.clause.words) for reading in unknown)):
        return next((p for p in plans if isinstance(p, Say)), None) or _not_understood(unknown)
    if calls:
        return calls[0] if len(calls) == 1 else Several(calls[:CALLS_LIMIT])
    models = [plan for plan in plans if isinstance(plan, NeedsModel)]
    talk = sorted((p for p in plans if isinstance(p, Say)), key=lambda say: say.topic in ("greeting", "nothing"))
    return models[0] if models else talk[0] if talk else _lost()


def _not_understood(unknown: list[Reading]) -> Plan:
    words = sum(len(reading.clause.tokens) for reading in unknown)
    creating = any(_CREATING.match(reading.clause.words) for reading in unknown)
    return needs_model("That") if words >= 3 or creating else _lost()


def calls_of(plan: Plan | None) -> tuple[Call, ...]:
    return plan.calls if isinstance(plan, Several) else (plan,) if isinstance(plan, Call) else ()


def _key(call: Call) -> str:
    return repr((call.tool, sorted(call.arguments.items(), key=str)))


def _lost() -> Ask:
    return Ask("I did not understand that. Say for example `deploy owner/repo`, `list my apps` or `help`.")
