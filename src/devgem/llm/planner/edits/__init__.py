"""Simple edits of an app's files: from a wish in plain words to replacements that apply."""

from devgem.llm.planner.edits.wish import Property, Replacement, Unclear, Wish, wish_of

__all__ = ["Property", "Replacement", "Unclear", "Wish", "wish_of"]
