"""What the planner says about itself: how each thing is asked for, and what needs a model."""

import re

_TOPICS = {
    "deploy": "Say `deploy owner/repo`, or a git URL or a folder. You may add "
    "`branch dev`, `folder apps/web` and `as store`. "
    "`deploy shop` deploys an app again. A private repository needs a sign-in to where it lives.",
    "rollback": "Say `roll back shop`, `roll back shop to v3` or `roll shop two versions back`. Nothing is built: "
    "traffic goes to the revision that you name, and back again if you roll forward.",
    "restart": "Say `restart shop`. The live revision's processes are started afresh; nothing is built.",
    "cancel": "Say `cancel shop` while a deployment runs. What was live before stays live.",
    "logs": "Say `logs of shop`, `build logs of shop`, "
    "`last 50 lines of shop's logs` or `search shop's logs for timeout`.",
    "env": "Say `set STRIPE_KEY on shop` and type the value into the card that comes up, or paste `KEY=VALUE` lines. "
    "`unset KEY on shop` takes one away, `env of shop` lists the names. Values are never shown.",
    "remove": "Say `remove shop`. The app, its URL and its config vars go for good, so a card asks for its name first.",
    "status": "Say `status of shop` or `list my apps`.",
    "revisions": "Say `revisions of shop` or `deployment history of shop`.",
    "preview": "After an edit, say `preview it`: the edits are deployed at a URL of their own, and the live app stays.",
    "undo": "Say `undo`, `redo` or `discard my changes`. These concern edits that are not live yet; for what is live, "
    "say `roll back`.",
    "edit": "Say `change the background to blue`, `make the header text white`, `rename the title to My Shop`, "
    '`replace "Hello" with "Hi" in index.html`. Edits are shown as a diff; `deploy my changes` makes them live.',
    "open": "Say `open shop` for its URL.",
    "explain": "Say `why did it fail?` for the cause, the line that shows it and the fix.",
}
_ABOUT = (
    ("edit", r"background|colou?r|title|heading|font|text|edit|replace|design|style"),
    ("rollback", r"roll ?back|revert|previous version|go back|roll"),
    ("remove", r"remove|delete|destroy|erase|uninstall|get rid"),
    ("restart", r"restart|reboot|reload"),
    ("cancel", r"cancel|abort|stop"),
    ("env", r"env|variables?|vars?|config|secrets?|@var|@cap|@set"),
    ("logs", r"logs?|output"),
    ("preview", r"preview"),
    ("undo", r"undo|redo|discard"),
    ("explain", r"fail\w*|broken|error"),
    ("revisions", r"revisions?|versions?|history"),
    ("status", r"status|list|apps"),
    ("open", r"open|url|link|visit"),
    ("deploy", r"deploy\w*|publish|host|ship|launch|redeploy|online|live|repo|repository|@src"),
)
EXAMPLES = {
    "deploy": ("deploy {}", "status of {}"),
    "rollback": ("roll back {}", "revisions of {}"),
    "restart": ("restart {}", "status of {}"),
    "cancel": ("cancel {}", "status of {}"),
    "logs": ("logs of {}", "build logs of {}"),
    "env": ("env of {}",),
    "status": ("status of {}",),
    "revisions": ("revisions of {}", "deployment history of {}"),
    "explain": ("why did {} fail?", "logs of {}"),
    "open": ("open {}",),
}
GENERAL = (
    "I can deploy a repository, show status and logs, say why a deployment failed, roll back, restart, cancel, set "
    "config vars, remove an app, and make simple edits of colours and texts. For example: `deploy owner/repo`, "
    "`logs of shop`, `roll back shop to v3`, `set STRIPE_KEY on shop`, `change the background to blue`. "
    "Ask `how do I ...?` about any of these."
)
GREETING = "Hello. Say `deploy owner/repo` to get a working link, or `help` for what else there is."
THANKS = "You are welcome."
NOTHING = (
    "Nothing was waiting for that answer. An approval is given with its button, not in words; for anything else, say "
    "what to do."
)
DECLINED = "All right, nothing was done."


def topic_of(words: str) -> str | None:
    return next((topic for topic, pattern in _ABOUT if re.search(rf"(?<![\w@])(?:{pattern})(?!\w)", words)), None)


def help_text(topic: str | None = None) -> str:
    """How to ask for what `topic` names; what there is to ask for, when it names nothing known."""
    return _TOPICS.get(topic or "", GENERAL)
