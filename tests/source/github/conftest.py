"""GitHub on loopback, with one public and one private repository of Ada's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source.git_repository import GitRepository
from tests.standins.github import GitHubApi, Repo, serving_api

FILES: dict[str, str | bytes] = {
    "app.py": "from flask import Flask\n\napp = Flask(__name__)\n",
    "requirements.txt": "flask\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> GitRepository:
    repository = GitRepository(tmp_path / "work")
    repository.commit({"old.txt": "1"}, "Old")
    repository.commit({**FILES}, "The commit")
    return repository


@pytest.fixture
def api(tmp_path: Path, shop: GitRepository) -> Iterator[GitHubApi]:
    root = tmp_path / "served"
    (root / "ada").mkdir(parents=True)
    shop.bare(root / "ada/shop")
    shop.bare(root / "ada/vault")
    with serving_api(root) as server:
        server.add_repo(Repo("ada/shop", description="A shop", language="Python"))
        server.add_repo(Repo("ada/vault", private=True, pushed_at="2026-10-01T12:00:00Z"))
        yield server
