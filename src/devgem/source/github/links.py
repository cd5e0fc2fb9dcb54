"""Where the symbolic links of a commit lead, worked out without a file system."""

from collections.abc import Mapping

_LIMIT = 40
"""Links followed for one path: as many as Linux follows."""


class Links:
    """`targets` by path. Of `files`, the regular ones, a path may name one by way of links."""

    def __init__(self, targets: Mapping[str, str], files: Mapping[str, object]) -> None:
        self._targets = targets
        self._files = files

    def resolve(self, path: str) -> str | None:
        """The regular file that a path names; None when there is none inside the repository."""
        found = self.follow(path)
        return found if found in self._files else None

    def follow(self, path: str) -> str | None:
        """Where a path leads, whether anything is there or not; None: out of the repository, or in a circle."""
        waiting = path.split("/")[::-1]
        at: list[str] = []
        followed = 0
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not at:
                    return None
                at.pop()
                continue
            target = self._targets.get("/".join([*at, part]))
            if target is None:
                at.append(part)
                continue
            followed += 1
            if followed > _LIMIT or target.startswith("/"):
                return None
            waiting += target.split("/")[::-1]
        return "/".join(at)
