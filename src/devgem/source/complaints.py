"""What git says when it fails, sorted into the table of errors: it has no codes, so its English is read (LC_ALL=C)."""

import re
from collections.abc import Mapping, Sequence

from devgem.domain.errors import SourceError
from devgem.domain.log import clean
from devgem.source.command import Outcome
from devgem.source.errors import refusal, size
from devgem.source.policy import Policy

_HTTP_STATUS = re.compile(r"The requested URL returned error: (\d{3})")
_NO_SUCH_REF = "couldn't find remote ref"
_SAYINGS: Sequence[tuple[str, str]] = (
    # The first that is found decides, so causes stand before their consequences.
    ("ssh_host_unknown", "Host key verification failed|host key is known"),
    ("ssh_denied", r"Permission denied \("),
    ("disk_full", "No space left on device|Disk quota exceeded"),
    # The limit on file size ends index-pack without a word (SIGXFSZ); of anything else it complains itself.
    ("too_large", r"died of signal 25|File too large|\A\s*fatal: fetch-pack: invalid index-pack output\s*\Z"),
    ("unsafe_path", r"hasDot\w*|fullPathname|gitmodules[A-Z]|invalid path"),
    ("unsupported_format", "mismatched algorithms|unknown repository extension|unknown object format"),
    ("repository_private", "could not read Username|could not read Password|Authentication failed|Access denied"),
    ("repository_not_found", "[Rr]epository .*not found"),
    ("commit_unavailable", "not our ref|unadvertised object|no such remote ref"),
    ("not_a_repository", "is this a git repository|a git repository$|dumb http|protocol error|invalid server response"),
    ("corrupt_repository", "pack-objects died|bad object|bad tree"),
    ("host_unreachable", "onnect|SSL|TLS|certificate|Empty reply|Recv failure|too slow|hung up|early EOF|RPC failed"),
    ("host_unreachable", "Could not resolve|route to host|unreachable|timed out|bad line length|expected flush"),
    ("corrupt_repository", "fsck|bad object|corrupt|inflate|index-pack|pack-objects|unpack|missing|invalid|damaged"),
)
_STATUS: Mapping[int, str] = {
    401: "repository_private",
    403: "repository_private",
    404: "repository_not_found",
    410: "repository_not_found",
    451: "repository_blocked",
}


def http_status(outcome: Outcome) -> int | None:
    """The HTTP status that ended the command, if one did."""
    found = _HTTP_STATUS.search(_text(outcome))
    return int(found[1]) if found else None


def lacks_ref(outcome: Outcome) -> bool:
    return _NO_SUCH_REF in _text(outcome)


def explain(outcome: Outcome, limits: Policy, *, url: str, host: str, ref: str) -> SourceError:
    """The error for a command that failed."""
    text = _text(outcome)
    facts = {"url": url, "host": host, "ref": ref, "detail": _detail(text), "limit": size(limits.max_bytes)}
    if outcome.stopped == "time":
        return refusal("too_slow", **{**facts, "limit": f"{limits.timeout_seconds:g}"})
    if outcome.stopped == "output":
        return refusal("too_large", **facts)
    if (status := http_status(outcome)) is not None:
        return refusal(_STATUS.get(status, "host_busy"), **facts, status=status)
    return refusal(
        next((code for code, saying in _SAYINGS if re.search(saying, text, re.MULTILINE)), "git_failed"), **facts
    )


def _detail(text: str) -> str:
    """The line that says most, without escapes, as part of a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or ["it says nothing"]
    return clean(re.sub(r"^(?:fatal|error): ", "", telling[0]))[:300]


def _text(outcome: Outcome) -> str:
    """git's own words: what the server says through it may be anything."""
    lines = outcome.stderr.decode("utf-8", "replace").splitlines()
    return "\n".join(line for line in lines if not line.startswith("remote:"))
