"""What a clause is about: one table of patterns over its words, first match wins.

Acts (whatever changes something that others see) must begin their clause, so that a word in a sentence about them,
a quoted log or a page does nothing. Reading may be asked for in any wording.
"""

import re
from enum import StrEnum

from devgem.llm.planner.clauses import Clause


class Intent(StrEnum):
    DEPLOY = "deploy"
    DEPLOY_EDITS = "deploy edits"
    PREVIEW = "preview"
    RESTART = "restart"
    ROLLBACK = "rollback"
    CANCEL = "cancel"
    SET_ENV = "set env"
    UNSET_ENV = "unset env"
    LIST_ENV = "list env"
    REMOVE = "remove"
    TAKE_DOWN = "take down"
    STATUS = "status"
    LIST = "list"
    LOGS = "logs"
    EXPLAIN = "explain"
    REVISIONS = "revisions"
    DEPLOYMENTS = "deployments"
    SIGNALS = "signals"
    OPEN = "open"
    QUOTA = "quota"
    REPOSITORIES = "repositories"
    INSPECT = "inspect"
    UNDO = "undo"
    REDO = "redo"
    DISCARD = "discard"
    DIFF = "diff"
    CHECKS = "checks"
    PULL_REQUEST = "pull request"
    FILES = "files"
    READ_FILE = "read file"
    SEARCH_FILES = "search files"
    HELP = "help"
    GREETING = "greeting"
    THANKS = "thanks"
    ASSENT = "assent"


ACTS = frozenset(
    {Intent.DEPLOY, Intent.DEPLOY_EDITS, Intent.PREVIEW, Intent.RESTART, Intent.ROLLBACK, Intent.CANCEL}
    | {Intent.SET_ENV, Intent.UNSET_ENV, Intent.REMOVE, Intent.TAKE_DOWN, Intent.DISCARD, Intent.PULL_REQUEST}
)

_IT = (
    r"(?:it|this|that|them|@app|(?:(?:the|my|our|this|that|its|all) )*(?:new |whole |old )?(?:@app )?(?:app|"
    r"application|site|website|web|page|server|service|project|container|process|instance|apps|everything|thing)s?)"
)
_THE = r"(?:(?:the|my|our|this|that|these|those|all|any|some|me|your|its|current|latest|last) )*"
_EDITS = rf"{_THE}(?:changes?|edits?|modifications|tweaks|workspace|patch)\b"
_DEPLOYING = r"(?:deployment|deploy|build|rollout|release|update|run)"
_VARIABLES = r"(?:env|environment|variables?|vars?|config|configuration|secrets?|settings)"
_VERSION = (
    r"(?:v\d+\b|(?:version|revision|release|rev|number) #?v?\d+|(?:(?:previous|earlier|older|old|last|prior|first|"
    r"original|oldest|very first) )+(?:(?:working|good|stable|live) )*(?:version|revision|release|"
    r"deployment|deploy|one|"
    r"state|build)\b|how it was|what it was|the way it was|before\b)"
)
_SHOW = r"(?:show|see|view|display|print|get|give|list|let me see|what are|which|what)"
_DEPLOY = r"(?:deploy|redeploy|ship|launch|publish|host|rebuild|release)"

_ACT_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.PULL_REQUEST,
        r"(?:open|create|make|send|submit|file|raise) (?:a |the )?(?:pull request|pr|merge request)\b",
    ),
    (
        Intent.DEPLOY_EDITS,
        rf"(?:(?:{_DEPLOY}|push|apply|put|make|take|bring) (?:{_EDITS}|what (?:i|you|we) (?:changed|edited))|"
        rf"go live with {_EDITS})(?!.*\b(?:github|git|gitlab|branch|remote)\b)",
    ),
    (
        Intent.PREVIEW,
        r"(?:preview\b|(?:show|see|view|make|create|give|get|open|start|can i see|i see|"
        rf"{_SHOW}) {_THE}(?:a )?preview\b)",
    ),
    (
        Intent.DISCARD,
        rf"(?:discard|throw away|drop|forget|reset|remove|delete|lose|scrap|toss) (?:{_EDITS}|all of {_EDITS})$|"
        r"(?:undo|revert) (?:(?:all|of|my|the|your|these|those|our) )*(?:changes|edits)$",
    ),
    (
        Intent.UNSET_ENV,
        r"(?:unset\b|env unset\b|(?:remove|delete|drop|clear|erase|forget|"
        rf"get rid of) {_THE}(?:{_VARIABLES} )+(?:called |named |for )?(?:@var|@cap|@quo|[\w]+)\b|(?:remove|delete|"
        rf"drop|clear|forget|erase|get rid of) {_THE}(?:@var|@cap (?:from|on|in|of)\b|@cap$))",
    ),
    (
        Intent.ROLLBACK,
        rf"rollback\b|(?:downgrade|rewind) {_IT}\b|roll {_IT} (?:\S+ \S+ )?(?:back|to)\b|"
        r"roll (?:the )?(?:\w+ )?back\b|revert$|"
        rf"revert {_IT}(?: (?:to|back|please|now|app)\b|$)|revert (?:to )?{_THE}{_VERSION}|undo {_THE}{_DEPLOYING}|"
        rf"(?:go|get|move|switch|change|return|i) (?:back )?to {_THE}{_VERSION}|"
        rf"(?:take|bring|put|set|switch|get|want|need|move|have|return|i want|i need) {_IT} (?:back )?(?:to|on|"
        rf"at) {_THE}{_VERSION}|"
        r"(?:go|step|move) back(?: (?:please|now|on|once)\b|$| .*\b(?:versions?|revisions?|releases?|steps?|"
        r"before|was)\b)|"
        rf"(?:go back|back) to {_THE}{_VERSION}|"
        rf"(?:restore|use|activate|bring back|put|reactivate|serve) {_THE}{_VERSION}",
    ),
    (
        Intent.CANCEL,
        rf"(?:cancel|abort|halt|interrupt)\b|stop(?:$| {_THE}(?:{_DEPLOYING}|deploy)\b| (?:deploy|build)\b)|"
        rf"kill {_THE}{_DEPLOYING}\b|stop {_THE}@app (?:{_DEPLOYING})\b",
    ),
    (
        Intent.RESTART,
        rf"(?:restart|reboot)\b|bounce(?! rate)\b|reload(?! {_THE}(?:page|browser|tab|config))\b|kick {_IT}\b|"
        rf"turn {_IT}? ?off and on|(?:give|do|perform|trigger) (?:{_IT} )?(?:a |"
        r"another )?(?:quick )?(?:restart|reboot|kick)|"
        rf"start {_IT} again|stop and start {_IT}|(?:have|get) {_THE}@app restarted|{_THE}@app (?:needs|wants|"
        r"could use) a (?:restart|reboot)",
    ),
    (
        Intent.TAKE_DOWN,
        r"(?:stop|kill|shut down|shutdown|take down|turn off|bring down|switch off|disable|pause|suspend|wipe|"
        r"nuke|purge|drop|terminate|end|clear|unpublish|undeploy)\b|(?:take|shut|turn|bring|put|"
        rf"switch|throw) {_IT} (?:down|off|offline|away|out)|throw (?:away|out) {_THE}@app",
    ),
    (Intent.REMOVE, r"(?:remove|delete|destroy|erase|uninstall|get rid of|tear down|rm)\b|tear @app down"),
    (
        Intent.SET_ENV,
        rf"(?:env set|set env)\b|(?:set|define|configure|export) {_THE}(?:{_VARIABLES} )*@cap\b(?! \w+ to)|"
        r"(?:set|add|use|put|define|configure|change|update|export|create|store|save|make|here are|here is|"
        r"these are|give|need|needs)\b.*(?:@set|@var)|"
        rf"(?:set|add|define|configure|create|change|update|store|save) {_THE}(?:an? |new )*(?:{_VARIABLES} )+"
        rf"(?:called |named |for |to )?(?:@quo|@var|@cap|[a-z]+_\w+)|{_THE}@app @set|"
        rf"(?:{_THE}@app|it) (?:needs|wants|requires|should have) .*(?:@set|@var)|"
        r"(?:i|we|you) (?:have|need) .*@set|@set\b|@blk$",
    ),
    (
        Intent.DEPLOY,
        rf"{_DEPLOY}\b|(?:re )deploy\b|roll out\b|spin up\b|"
        rf"(?:i )?(?:put|get|bring|take|make|push|move|see|have|want|need) (?:{_IT}|{_THE}@src) (?:\S+ ){{0,2}}?"
        r"(?:online|live|up|running|into production|to production|to prod|deployed|on the (?:web|internet))\b|"
        rf"(?:run|build|start|push|install|serve|try) {_THE}@src|(?:update|upgrade|build|push) {_THE}@app|"
        r"(?:try|do) (?:it |that |this )?(?:once more|again)|try$|again$|again please$|retry\b|once more$|"
        rf"(?:run|start|do|trigger|repeat|redo) {_THE}(?:deployment|deploy|build|rollout)\b|"
        rf"{_THE}@app needs a (?:redeploy|deployment|deploy|rebuild)|build (?:and run|{_IT}) again|"
        r"@src (?:deploy|publish|ship)\b|@app (?:deploy|redeploy)\b",
    ),
)

_READ_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (Intent.QUOTA, r"\bquotas?\b|\brate limits?\b|how many tokens"),
    (
        Intent.CHECKS,
        r"^(?:run|check|execute|do) (?:the |all |my |some )*(?:tests?|checks?|linters?|test suite|"
        r"unit tests)\b|^test (?:it|my changes|the changes|my edits)",
    ),
    (Intent.UNDO, rf"^undo\b(?!.*\b(?:{_DEPLOYING}|@app)\b)|^revert (?:the |my )*last (?:change|edit)|^take that back"),
    (Intent.REDO, r"^redo\b"),
    (
        Intent.DIFF,
        r"\bdiff\b|\bwhat (?:did|have|has) (?:i|you|we) (?:changed?|edited?)|(?:show|list|see|what are|"
        r"review) (?:me )?(?:the |my |your |our |all )*(?:changes|edits)\b|^what's changed|"
        r"^what (?:would|will|did|has)? ?(?:be )?changed?\b",
    ),
    (
        Intent.SEARCH_FILES,
        r"(?:search|grep|find|look)\b.*\b(?:code|files|source|sources|codebase)\b|where is @quo (?:used|"
        r"defined)",
    ),
    (
        Intent.REPOSITORIES,
        r"\b(?:repos|repositories)\b|^(?:find|search) (?:me )?(?:my |a |the )*repo(?:sitory)?\b|"
        r"^list (?:my )?repos?",
    ),
    (
        Intent.LIST_ENV,
        r"\b(?:env|environment)\b|\b(?:config|configuration|secrets?|variables?) ?(?:vars?|"
        r"variables?)?\b(?=.*@app)|@app.*\b(?:config|secrets?|variables?|vars)\b|\b(?:config vars|env vars|"
        rf"config variables|secrets are|variables)\b|^(?:show|list|see) {_THE}(?:config|configuration|secrets)|"
        r"^(?:what|show|print|reveal|get|tell|read|echo|is|does)\b.*(?:@var|@cap$)",
    ),
    (
        Intent.LOGS,
        r"\blogs?\b|\boutput\b|\bstdout\b|\bstderr\b|^tail\b|^grep\b|^what (?:did|does|do|has)\b.*\b(?:say|"
        r"said|print|write|logged)\b|\bprint(?:s|ed|ing)?\b|\bstack ?trace\b|"
        r"^(?:show|see|any|are there|list|get) (?:me )?(?:the |any |all |some |recent |last )*errors?\b|"
        r"\bconsole\b",
    ),
    (
        Intent.DEPLOYMENTS,
        r"\bdeployments\b|\b(?:deployment|deploy|release|build) history\b|\bhistory\b|^when (?:was|did|were|"
        r"has)\b.*\b(?:deployed|deploy|updated|released)|last deployed|^who deployed|recent deploys|"
        r"past deploys|previous deployments",
    ),
    (
        Intent.EXPLAIN,
        r"^why\b.*(?:fail|failed|failing|broke|broken|breaks?|crash(?:es)?|errors?|fails|down|work|working|"
        r"wrong|dead|start|starting|"
        r"run|running|deploy|deploying|build|building|live|online|up|not|won't|didn't|isn't|doesn't|can't)\b|"
        r"^why$|^why not$|went wrong|what's wrong|what is wrong|wrong with|what broke|\bexplain\b.*\b(?:error|"
        r"failure|problem|fail|failed|it|this|that|happened)\b|what (?:was|is) the (?:error|problem|reason|"
        r"failure|cause|issue)|what's the (?:error|problem|reason|failure|issue|cause)|\b(?:is|are|it's|seems|"
        r"looks) (?:not working|broken|not loading|failing|crashing|dead|not responding|not starting)\b|"
        r"\b(?:won't|doesn't|isn't|can't|cannot|didn't|not|don't) (?:work|working|start|starting|load|loading|"
        r"build|deploy|run|running|respond|come up)\b|\bcrash(?:ed|es|ing|ing)?\b|^what happened\b|"
        r"\b(?:failed|fails|broke)\b|what failed|the reason|root cause|debug @app|diagnose",
    ),
    (
        Intent.SIGNALS,
        r"\btraffic\b|\bmetrics?\b|\brequests?\b|\bslow(?:er)?\b|\blatency\b|\bresponse times?\b|"
        r"\berror rates?\b|\b5xx\b|\bsignals?\b|\bvisitors?\b|\bhow (?:busy|popular)\b|\busage\b|\bload\b|"
        r"\bhow fast\b|\bhits\b|"
        r"\bperformance\b",
    ),
    (Intent.REVISIONS, r"\brevisions?\b|\bversions?\b|\breleases\b"),
    (
        Intent.OPEN,
        r"\burls?\b|\blinks?\b|\baddress\b|^open\b(?!.*(?:file|pull|pr)\b)|^where (?:can|is|does|do|are)\b|"
        r"^visit\b|^browse\b|^go to @app|^where's",
    ),
    (Intent.FILES, r"(?<!@)\bfiles?\b(?!.*@file)|^(?:show|list) {_THE}(?:files|folder|directory|tree)\b"),
    (Intent.READ_FILE, r"@file"),
    (
        Intent.INSPECT,
        r"^(?:have a look|take a look|inspect|detect|analy[sz]e|examine|scan|look at|look into|check out|"
        r"check|what's|what is|"
        r"what kind|what stack|what language|what framework|describe|explain|tell me about|plan|would|will|"
        r"does|is|could|can|which|how is|what does|what|review)\b.*@src|^@src\?|@src (?:be deployed|work)",
    ),
    (
        Intent.LIST,
        r"^(?:list|ls|apps|all apps|everything|overview)$|\bapps\b|^list\b|"
        r"^(?:show|list|status|see|what|how|is|are|check)\b.*\b(?:everything|all)\b|what (?:is|"
        r"'s)? ?(?:currently )?(?:running|deployed|live|online)$|^what's (?:running|deployed|live|online)|"
        r"what have (?:i|we) (?:got |)?(?:deployed|running)|which (?:are|is) (?:running|live|deployed)|"
        r"all (?:my |the )?(?:apps|projects|applications|sites|services)|(?:my|the) (?:projects|applications|"
        r"sites|services|websites)\b",
    ),
    (
        Intent.STATUS,
        rf"^{_THE}(?:@app|it) (?:up|down|ok|okay|live|online|running|alive|fine|ready|done|deployed)$|"
        rf"\bstatus\b|\bstate\b|\bhealth\b|\bprogress\b|\buptime\b|^how's\b|^how (?:is|are) (?:it|@app|{_IT}|"
        rf"things)\b|^(?:is|are|was|has|did|does|have)\b.*(?:@app|\bit\b|{_IT}).*\b(?:up|down|running|live|"
        r"online|ok|okay|alive|working|work|deployed|done|ready|finished|finish|succeed|restarted|there|"
        r"healthy|failing|failed|broken|stuck|crashing|go|going|fine|yet|dead|reachable|respond|responding|"
        r"well|removed?|restart|rollback|"
        rf"deploy)\b|^(?:is|are) (?:it|we|{_IT}) (?:up|down|live|done|ready|there)|^what's up\b|"
        r"^what's (?:going on|happening)|^(?:check|check on|ping|tell me about|look at|inspect|describe|about|"
        rf"show|info on|what about|what is|what's|how about) (?:me )?{_THE}(?:app )?(?:@app|it|"
        rf"my app)\b(?: app)?$|how long|^are we there|^did (?:it|{_THE}{_DEPLOYING})\b|is {_THE}{_DEPLOYING}\b|"
        r"^any (?:news|update|updates|progress)|^done\b|^ready\b|did .*(?:@app).*",
    ),
)

_TALK_PATTERNS: tuple[tuple[Intent, str], ...] = (
    (
        Intent.HELP,
        r"^(?:help|\?|commands?|usage|manual|docs)(?: .*)?$|what can (?:you|i|this) (?:do|say|ask)|"
        r"what do you (?:do|know|understand)|who are you|what are you|(?:what|which) (?:are |"
        r"commands )?(?:the )?(?:commands|options|features|can)|how does (?:this|it|devgem) work|"
        r"what is devgem|^i need help|^get started|^how do i start|what's devgem|what now$",
    ),
    (
        Intent.THANKS,
        r"\b(?:thanks|thank you|thx|ty|cheers|much appreciated|great work|good job|well done|awesome|"
        r"nice work)\b|^(?:bye|goodbye|see you)",
    ),
    (
        Intent.GREETING,
        r"^(?:hi|hello|hey|hiya|howdy|yo|greetings|good (?:morning|evening|afternoon|day)|hallo|"
        r"sup)\b(?: (?:there|devgem|all|everyone|you|again))*$",
    ),
    (
        Intent.ASSENT,
        r"^(?:yes|no|ok|okay|yep|yeah|nope|sure|never mind|nevermind|nothing|fine|alright|cool|great|perfect|"
        r"nice|good|got it|i see|go|go ahead|do it|looks good|look good|lgtm|approve|approved|confirm|"
        r"confirmed|wait|no wait|hm+|forget it|not now)(?: please)?$",
    ),
)

_COMPILED_ACTS = tuple((intent, re.compile(pattern)) for intent, pattern in _ACT_PATTERNS)
_COMPILED_READS = tuple((intent, re.compile(pattern)) for intent, pattern in _READ_PATTERNS)
_COMPILED_TALK = tuple((intent, re.compile(pattern)) for intent, pattern in _TALK_PATTERNS)
_ACT_WORD = re.compile(
    r"\b(?:deploy|redeploy|restart|rollback|roll back|remove|delete|destroy|cancel|unset|remove_\w+|set_env|erase)\b"
)
_PAST = re.compile(r"(?:is|are|was|were|did|has|have|does|why|when|who|what|which|how)\b")


def act_of(clause: Clause) -> Intent | None:
    """The act that a clause commands. A question that begins with a question's word commands none."""
    if _PAST.match(clause.words):
        return None
    return next((intent for intent, pattern in _COMPILED_ACTS if pattern.match(clause.words)), None)


def reading_of(clause: Clause) -> Intent | None:
    return next((intent for intent, pattern in _COMPILED_READS if pattern.search(clause.words)), None)


def talk_of(clause: Clause) -> Intent | None:
    return next((intent for intent, pattern in _COMPILED_TALK if pattern.search(clause.words)), None)


def mentions_act(clause: Clause) -> bool:
    """True where an act's word stands in a clause that commands nothing."""
    quoted = " ".join(token.text.lower() for token in clause.tokens if token.text)
    return bool(_ACT_WORD.search(clause.words) or _ACT_WORD.search(quoted))
