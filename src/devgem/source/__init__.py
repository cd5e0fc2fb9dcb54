"""Repositories: a read-only `Tree` of one commit, from a folder or a git URL, and edits on it."""

from devgem.source.command import Command, Outcome, Run, run_directly
from devgem.source.credentials import Tokens
from devgem.source.location import parse_source, suggested_name
from devgem.source.policy import Policy
from devgem.source.push import Change, Pushed
from devgem.source.sources import Sources
from devgem.source.tree import FolderTree, NotedTree

__all__ = [
    "Change",
    "Command",
    "FolderTree",
    "NotedTree",
    "Outcome",
    "Policy",
    "Pushed",
    "Run",
    "Sources",
    "Tokens",
    "parse_source",
    "run_directly",
    "suggested_name",
]
