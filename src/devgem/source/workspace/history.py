"""The edits of a workspace in their order: a checkpoint per edit, of which none is ever lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from devgem.domain.errors import Conflict, NotFound
from devgem.source.workspace.edits import Edit, Reset, edit_from_json, edit_to_json

CHECKPOINTS = 500
FILES = 200
"""How many a workspace may have, and how many files it may touch."""


@dataclass(frozen=True)
class Checkpoint:
    """The state after `edits` on top of the checkpoint `parent` (None: the commit itself)."""

    id: str
    parent: str | None
    edits: tuple[Edit, ...]
    summary: str = ""


@dataclass(frozen=True)
class History:
    """`head` is the checkpoint that counts (None: the commit itself); `undone` are those to come back by redo. `count`
    is how many there were, those of a history before this one included: no name is given twice."""

    checkpoints: tuple[Checkpoint, ...] = ()
    head: str | None = None
    undone: tuple[str, ...] = ()
    count: int = 0

    def add(self, edits: Sequence[Edit], summary: str = "") -> Self:
        """Raises Conflict when there are too many."""
        if len(self.checkpoints) >= CHECKPOINTS:
            raise Conflict(
                f"there are {CHECKPOINTS} edits already",
                fix="Discard them, or begin a new conversation once they are live.",
                code="too_many_edits",
            )
        count = self.count + 1
        checkpoint = Checkpoint(f"c{count}", self.head, tuple(edits), summary)
        return replace(self, checkpoints=(*self.checkpoints, checkpoint), head=checkpoint.id, undone=(), count=count)

    def undo(self) -> Self:
        """Raises Conflict when there is nothing to undo."""
        if self.head is None:
            raise Conflict("there is no edit to undo", code="nothing_to_undo")
        return replace(self, head=self.get(self.head).parent, undone=(*self.undone, self.head))

    def redo(self) -> Self:
        """Raises Conflict when there is nothing to redo."""
        if not self.undone:
            raise Conflict("there is no edit to redo", code="nothing_to_redo")
        return replace(self, head=self.undone[-1], undone=self.undone[:-1])

    def restore(self, checkpoint: str | None) -> Self:
        """Goes to any checkpoint there ever was. Raises NotFound."""
        if checkpoint is not None:
            self.get(checkpoint)
        return replace(self, head=checkpoint, undone=())

    def get(self, id: str) -> Checkpoint:
        for checkpoint in self.checkpoints:
            if checkpoint.id == id:
                return checkpoint
        known = ", ".join(checkpoint.id for checkpoint in self.checkpoints[-20:]) or "none"
        raise NotFound(f"there is no checkpoint {id!r}", fix=f"Choose one of: {known}.")

    def edits(self, at: str | None) -> list[Edit]:
        """What leads from the commit to a checkpoint; nothing before the last reset counts."""
        found: list[Edit] = []
        while at is not None:
            checkpoint = self.get(at)
            found = [*checkpoint.edits, *found]
            if any(isinstance(edit, Reset) for edit in checkpoint.edits):
                break
            at = checkpoint.parent
        return found

    def to_json(self) -> dict[str, Any]:
        checkpoints = [
            {"id": c.id, "parent": c.parent, "edits": [edit_to_json(edit) for edit in c.edits], "summary": c.summary}
            for c in self.checkpoints
        ]
        return {"checkpoints": checkpoints, "head": self.head, "undone": list(self.undone), "count": self.count}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        checkpoints = tuple(
            Checkpoint(c["id"], c["parent"], tuple(edit_from_json(edit) for edit in c["edits"]), c["summary"])
            for c in document["checkpoints"]
        )
        return cls(checkpoints, document["head"], tuple(document["undone"]), document["count"])
