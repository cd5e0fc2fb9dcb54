"""A commit with a conversation's edits on it: edits, checkpoints, diffs, patches, and the branch that they become."""

from devgem.source.workspace.diff import FileChange, Hunk, changes, choose
from devgem.source.workspace.edits import Delete, Edit, Replacement, Reset, Write
from devgem.source.workspace.flags import Flag, flags
from devgem.source.workspace.history import Checkpoint, History
from devgem.source.workspace.patch import FilePatch, apply_patch, parse_patch, patch_digest, patch_text
from devgem.source.workspace.rebase import rebased
from devgem.source.workspace.texts import Files
from devgem.source.workspace.view import Match, View

__all__ = [
    "Checkpoint",
    "Delete",
    "Edit",
    "FileChange",
    "FilePatch",
    "Files",
    "Flag",
    "History",
    "Hunk",
    "Match",
    "Replacement",
    "Reset",
    "View",
    "Write",
    "apply_patch",
    "changes",
    "choose",
    "flags",
    "parse_patch",
    "patch_digest",
    "patch_text",
    "rebased",
]
