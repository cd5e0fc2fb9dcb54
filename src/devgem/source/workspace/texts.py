"""Texts by path, and their lines as git counts them: ended by a line feed and by nothing else."""

from collections.abc import Mapping

Files = Mapping[str, str | None]
"""None: there is no such file."""


def split(text: str) -> list[str]:
    """The lines with their ends; the last one may have none."""
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
