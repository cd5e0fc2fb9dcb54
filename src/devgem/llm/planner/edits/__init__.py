"""Simple edits of an app's files: from a wish in plain words to replacements that apply."""

from devgem.llm.planner.edits.propose import propose
from devgem.llm.planner.edits.wish import Aspect, Replacement, Unclear, Wish, wish_of

__all__ = ["Aspect", "Replacement", "Unclear", "Wish", "propose", "wish_of"]
