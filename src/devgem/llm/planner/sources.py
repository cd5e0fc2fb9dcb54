"""Which repository, ref, folder and name a deployment is meant to take. What git may be given is checked elsewhere."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from devgem.domain.ids import app_name_from
from devgem.llm.planner.clauses import Clause
from devgem.llm.planner.tokens import Kind, Token

_GITHUB_PAGE = re.compile(
    r"(?i)(?P<repository>(?:https?://)?(?:www\.)?github\.com/[^/?#]+/[^/?#]+)/(?P<kind>tree|commit)/(?P<ref>[^/?#]+)"
    r"(?:/(?P<dir>[^?#]*))?.*"
)
_SHORT_WITH_REF = re.compile(r"(?P<repository>[\w-]+/[\w.-]+)[@#](?P<ref>[\w./-]+)")
_HERE = re.compile(r"\b(?:this|the current|current|my current|the) (?:folder|directory|dir)\b(?! @)|\bhere$")
_SAMPLE = re.compile(
    r"^\w+ (?:(?:the|a|an|your|bundled|me) )*(?:sample|demo)(?: (?:app|project|repo|repository))?(?= |$)(?! @)"
)
_REF = (
    r"(v?\d[\w.]*|[0-9a-f]{7,40}) (?:tag|branch|commit|release)\b",
    r"(?:^| )(?:branch|tag|ref|commit|--ref|--branch|--tag|revision sha|sha)(?: called| named| is|"
    r":)? (?!of |from |in |for |to )(\S+)",
    r"(?:from|on|at|of|use|using|with|in) (?:the |my )?(\S+) (?:branch|tag)\b",
    r"(?:the|my|its|their|our) (?:\w+ )?(\S+) (?:branch|tag)\b",
    r"(?:the |current |latest )+(main|master|develop|staging)(?: of| from|$)",
    r"(?:from|at|on) (main|master|develop|dev|staging|v\d[\w.]*|[0-9a-f]{7,40})\b",
)
_NAME = (
    r"(?:^| )(?:as|named|called|--name|name|name it|call it|name the app|call the app)(?: as)? (?:app |"
    r"the app )?(?!it |the |a )(\S+)",
)
_DIR = (
    r"(?:folder|directory|subfolder|subdirectory|subdir|dir|--dir|path)(?: called| named)? (?!of |from |in )(\S+)",
    r"(?:the|in|from) (?:the )?(\S+) (?:folder|directory|subfolder|subdirectory|subdir)\b",
)


@dataclass(frozen=True)
class Origin:
    """What was said of where code comes from. Missing: None."""

    source: str | None = None
    name: str | None = None
    ref: str | None = None
    dir: str | None = None

    def arguments(self) -> Mapping[str, str]:
        given = {"source": self.source, "name": self.name, "ref": self.ref, "dir": self.dir}
        return {key: value for key, value in given.items() if value}

    @property
    def suggested_name(self) -> str:
        """The name that the app gets when none is given, as `source` suggests it."""
        base = posixpath.basename((self.source or "").rstrip("/").rpartition(":")[2]).removesuffix(".git")
        folder = "" if self.dir in (None, ".") else "-" + posixpath.basename(self.dir or "")
        return self.name or app_name_from(base + folder)


def origin_of(clause: Clause) -> tuple[Origin, tuple[Token, ...]]:
    """The origin, and the tokens that said its name, ref and folder."""
    claimed: list[Token] = []
    ref = _slot(clause, _REF, claimed)
    dir = _slot(clause, _DIR, claimed)
    name = _slot(clause, _NAME, claimed)
    sources = [token.text for token in clause.tokens if _is_source(token) and token not in claimed]
    if len(sources) == 2 and (found := re.search(r"(?:@src|@file) (?:from|of|in|at) (@src|@file)", clause.words)):
        dir, sources = sources[0], [clause.at(found.start(1)).text]
    if len(sources) == 2 and re.search(r"@src (?:in|folder) @src", clause.words) and dir is None:
        dir, sources = sources[1], sources[:1]
    if not sources and _HERE.search(clause.words):
        sources = ["."]
    if not sources and _SAMPLE.search(clause.words):
        sources = ["sample"]
    origin = _taken_apart(sources[0]) if sources else Origin()
    return replace(origin, name=name, ref=ref or origin.ref, dir=dir or origin.dir), tuple(claimed)


def sources_in(clause: Clause) -> list[str]:
    return [token.text for token in clause.tokens if _is_source(token)]


def _is_source(token: Token) -> bool:
    """`vercel/next.js` looks like a file, and is a repository where one is wanted."""
    return token.kind is Kind.SOURCE or (token.kind is Kind.FILE and token.text.count("/") == 1)


def _slot(clause: Clause, patterns: tuple[str, ...], claimed: list[Token]) -> str | None:
    for pattern in patterns:
        for found in re.finditer(pattern, clause.words):
            token = clause.at(found.start(1))
            if token.text.startswith(("/", "~")):  # a place on this machine is the source itself
                continue
            if token in claimed or token.kind in (Kind.ASSIGNED, Kind.BLOCK):
                continue
            if token.word in (
                "it",
                "the",
                "my",
                "this",
                "that",
                "please",
                "now",
                "asap",
                "thanks",
                "again",
                "online",
                "live",
                "for",
                "as",
                "latest",
                "newest",
                "new",
                "current",
                "same",
                "app",
            ):
                continue
            claimed.append(token)
            return token.text.strip("/") if pattern in _DIR else token.text
    return None


def _taken_apart(source: str) -> Origin:
    if found := _GITHUB_PAGE.fullmatch(source):
        dir = unquote((found["dir"] or "").strip("/")) if found["kind"] == "tree" else None
        return Origin(found["repository"], ref=unquote(found["ref"]), dir=dir or None)
    if found := _SHORT_WITH_REF.fullmatch(source):
        return Origin(found["repository"], ref=found["ref"])
    return Origin(source)
