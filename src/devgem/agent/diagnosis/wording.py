"""A diagnosis in words for a chat, and as a document for a tool's result."""

from dataclasses import asdict
from typing import Any

from devgem.agent.diagnosis.diagnosis import (
    Advice,
    Command,
    ConfigVar,
    Diagnosis,
    Diff,
    Quote,
    Redeploy,
    Remedy,
    Retry,
)
from devgem.agent.diagnosis.said import bare
from devgem.domain.failure import Failure
from devgem.domain.plan import display

_QUOTE_CHARACTERS = 200
_REMEDIES_SHOWN = 3
_KINDS: dict[type[Remedy], str] = {
    Diff: "diff",
    Command: "command",
    ConfigVar: "config_var",
    Retry: "retry",
    Redeploy: "redeploy",
    Advice: "advice",
}


def summary(failure: Failure, diagnosis: Diagnosis | None) -> str:
    """Cause, evidence and fix in a few lines of Markdown; what a log says stands only in code spans."""
    if diagnosis is None:
        lines = [_sentence(failure.cause), _evidence(Quote(failure.evidence)), _fix([_sentence(failure.fix)])]
    else:
        cause = _sentence(diagnosis.cause)
        if diagnosis.confidence == "likely":
            cause = f"Probably: {cause}"
        said = [text for remedy in diagnosis.remedies[:_REMEDIES_SHOWN] if (text := _remedy(remedy))]
        lines = [cause, _evidence(diagnosis.quote), _fix(said or [_sentence(failure.fix)])]
    return "\n".join(line for line in lines if line)


def to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The document of a tool's result; `quote` and the gaps in `cause` are untrusted text."""
    return {
        "id": diagnosis.id,
        "cause": diagnosis.cause,
        "confidence": diagnosis.confidence,
        "evidence": asdict(diagnosis.quote),
        "remedies": [{"kind": _KINDS[type(remedy)], **asdict(remedy)} for remedy in diagnosis.remedies],
        "buttons": [button.value for button in diagnosis.buttons],
    }


def _evidence(quote: Quote) -> str:
    if not quote.text.strip():
        return ""
    where = f"{quote.file}:{quote.line}" if quote.file and quote.line else quote.file or ""
    if quote.seq is not None:
        where = f"log line {quote.seq}" + (f", {_code(where)}" if where else "")
    elif where:
        where = _code(where)
    return f"Evidence: {_code(quote.text)}" + (f" ({where})" if where else "")


def _fix(said: list[str]) -> str:
    said = [text for text in said if text]
    if len(said) <= 1:
        return f"Fix: {said[0]}" if said else ""
    return "Fix, one of:\n" + "\n".join(f"- {text}" for text in said)


def _remedy(remedy: Remedy) -> str:
    match remedy:
        case Diff():
            verb = "write" if remedy.search is None else "change"
            return f"{verb} {_code(remedy.path)}. {_sentence(remedy.why)}".strip()
        case Command():
            run = f"run {_code(display(remedy.argv))}"
            after = " and commit the result" if remedy.place == "repository" else ""
            return f"{run}{after}. {_sentence(remedy.why)}".strip()
        case ConfigVar():
            what = f"set the config var{'' if len(remedy.names) == 1 else 's'} {', '.join(map(_code, remedy.names))}"
            return f"{what}{' for the build' if remedy.build else ''}. {_sentence(remedy.why)}".strip()
        case Retry():
            return f"deploy again. {_sentence(remedy.why)}".strip()
        case Redeploy():
            return f"deploy again with {_code(display(remedy.option))}. {_sentence(remedy.why)}".strip()
        case Advice():
            return _sentence(remedy.why)


def _code(text: str) -> str:
    """A code span that the text cannot end."""
    line = bare(" ".join(text.replace("`", "'").split()))
    return f"`{line if len(line) <= _QUOTE_CHARACTERS else line[: _QUOTE_CHARACTERS - 3] + '...'}`"


def _sentence(text: str) -> str:
    """Plain words: outside of code spans nothing becomes a link or a tag."""
    parts = bare(" ".join(text.split())).split("`")
    if len(parts) % 2 == 0:
        parts = ["".join(parts)]
    parts[::2] = [part.replace("](", "] (").replace("<", "‹") for part in parts[::2]]
    text = "`".join(parts)
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ":")) else ".")
