"""Gathers the evidence behind a plan while it is made."""

from devgem.domain.plan import Evidence
from devgem.stack.files import Files


class Findings:
    """Evidence in the order of discovery; the same claim and value are kept once, with the file that came first."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._found: dict[tuple[str, str], Evidence] = {}

    def add(self, claim: str, value: str, path: str, line: int | None = None) -> None:
        """`path` is relative to the app's folder; the evidence names it relative to the repository's root."""
        self.add_evidence(Evidence(claim, value, self._files.repo_path(path), line))

    def add_evidence(self, *evidence: Evidence) -> None:
        for one in evidence:
            self._found.setdefault((one.claim, one.value), one)

    async def find(self, claim: str, value: str, path: str, pattern: str) -> None:
        """Adds with the first line of the file in which the regular expression is found (case-insensitive)."""
        self.add(claim, value, path, await self._files.line_of(path, pattern))

    def all(self) -> tuple[Evidence, ...]:
        return tuple(self._found.values())
