"""Real repositories for the tests, made by git itself."""

import os
import subprocess
from pathlib import Path

ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
       (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2024-05-01T12:00:00Z"))},
}  # fmt: skip


class GitRepository:
    """A repository with a work tree at `path`."""

    def __init__(self, path: Path, *options: str) -> None:
        self.path = path
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main", *options)

    def git(self, *args: str, input: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.path, env=ENVIRONMENT, input=input, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def write(self, path: str, content: str | bytes = "") -> None:
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes] | None = None, message: str = "A change") -> str:
        """Writes the files, commits everything, and returns the SHA."""
        for path, content in (files or {}).items():
            self.write(path, content)
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", f"--message={message}")
        return self.sha()

    def sha(self, name: str = "HEAD") -> str:
        return self.git("rev-parse", name)

    def commit_tree(self, *entries: tuple[str, str, bytes | str]) -> str:
        """Commits (mode, path, content) exactly as given, also what git would not add; a str content is a SHA.
        Folders are spelled out in the path; one `/` deep at most."""
        folders: dict[str, list[tuple[str, str, bytes | str]]] = {"": []}
        for mode, path, content in entries:
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, []).append((mode, name, content))
        for folder, inner in folders.items():
            if folder:
                folders[""].append(("40000", folder, self._tree(inner)))
        tree = self._tree(folders[""])
        self.git("update-ref", "refs/heads/main", sha := self.git("commit-tree", tree, "-m", "By hand"))
        return sha

    def _tree(self, entries: list[tuple[str, str, bytes | str]]) -> str:
        lines = []
        for mode, name, content in sorted(entries, key=lambda entry: os.fsencode(entry[1])):
            sha = content if isinstance(content, str) else self.git("hash-object", "-w", "--stdin", input=content)
            lines.append(mode.encode() + b" " + os.fsencode(name) + b"\0" + bytes.fromhex(sha))
        return self.git("hash-object", "-w", "-t", "tree", "--literally", "--stdin", input=b"".join(lines))

    def bare(self, path: Path) -> Path:
        """A bare clone, as a server holds it."""
        self.git("clone", "--quiet", "--bare", "--no-local", ".", str(path))
        return path
