"""What is in a repository, as the API tells of it."""

import base64
from typing import TYPE_CHECKING, Any

from tests.standins.github.answers import Answer, Asked, not_found, paged
from tests.standins.github.model import Repo

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi

_TYPES = {"160000": "commit", "040000": "tree"}


def view(server: "GitHubApi", repo: Repo, asked: Asked) -> dict[str, Any]:
    owner, _, name = repo.slug.partition("/")
    account = server.world.accounts.get(owner)
    return {
        "id": repo.id,
        "name": name,
        "full_name": repo.slug,
        "private": repo.private,
        "owner": account.to_json(server.url) if account else {"login": owner, "id": 0, "type": "User"},
        "html_url": f"https://github.com/{repo.slug}",
        "clone_url": f"{server.url}/{repo.slug}.git",
        "description": repo.description,
        "language": repo.language,
        "default_branch": repo.default_branch,
        "pushed_at": repo.pushed_at,
        "fork": False,
        "archived": False,
        "permissions": {"admin": repo.owner == asked.login, "push": repo.may_write(asked.login), "pull": True},
    }


def repository(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    return Answer(200, view(server, repo, asked))


def branches(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    said = server.git(repo.slug, "for-each-ref", "--format=%(refname:lstrip=2)%00%(objectname)", "refs/heads/")
    lines = [line.split("\0") for line in said.stdout.decode().splitlines()]
    return paged(server, asked, [{"name": n, "commit": {"sha": sha}, "protected": False} for n, sha in lines])


def commit(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""
    ref = parts[0]
    names = (f"refs/heads/{ref}", f"refs/tags/{ref}", ref) if ref != "HEAD" else ("HEAD",)
    sha = next((found for name in names if (found := sha_of(server, repo, name))), None)
    if sha is None and not server.git(repo.slug, "rev-list", "--all", "-n1").stdout:
        return Answer(409, {"message": "Git Repository is empty."})
    if sha is None:
        return Answer(422, {"message": f"No commit found for SHA: {ref}"})
    said = server.git(repo.slug, "show", "-s", "--format=%T%x00%cI%x00%an%x00%B", sha).stdout.decode("utf-8", "replace")
    tree, at, author, message = said.split("\0", 3)
    about = {"name": author, "email": "somebody@example.com", "date": at.replace("+00:00", "Z")}
    return Answer(
        200,
        {
            "sha": sha,
            "html_url": f"https://github.com/{repo.slug}/commit/{sha}",
            "commit": {"message": message.strip(), "author": about, "committer": about, "tree": {"sha": tree}},
            "author": {"login": "ada"},
            "files": [],
        },
    )


def sha_of(server: "GitHubApi", repo: Repo, name: str) -> str | None:
    done = server.git(repo.slug, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return done.stdout.decode().strip() or None


def tree(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/git/trees#get-a-tree"""
    recursive = ["-r", "-t"] if "recursive" in asked.query else []
    done = server.git(repo.slug, "ls-tree", *recursive, "-l", "-z", "--full-tree", parts[0])
    if done.returncode:
        return not_found()
    entries = []
    for line in filter(None, done.stdout.split(b"\0")):
        facts, _, path = line.partition(b"\t")
        mode, kind, sha, size = facts.decode().split()
        entry = {"path": path.decode("utf-8", "replace"), "mode": mode, "type": _TYPES.get(mode, kind), "sha": sha}
        entries.append(entry | ({"size": int(size)} if size != "-" else {}))
    sha = server.git(repo.slug, "rev-parse", f"{parts[0]}^{{tree}}").stdout.decode().strip()
    truncated = len(entries) > server.tree_limit and bool(recursive)
    return Answer(
        200, {"sha": sha, "tree": entries[: server.tree_limit] if recursive else entries, "truncated": truncated}
    )


def blob(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    done = server.git(repo.slug, "cat-file", "blob", parts[0])
    if done.returncode:
        return not_found()
    if "raw" in asked.accept:
        return Answer(200, raw=done.stdout, headers={"Content-Type": "application/vnd.github.raw"})
    encoded = base64.encodebytes(done.stdout).decode()
    return Answer(200, {"sha": parts[0], "size": len(done.stdout), "content": encoded, "encoding": "base64"})


def contents(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    sha = sha_of(server, repo, asked.query.get("ref", repo.default_branch))
    if sha is None:
        return not_found()
    done = server.git(repo.slug, "cat-file", "blob", f"{sha}:{parts[0]}")
    if done.returncode:
        return not_found()
    if "raw" in asked.accept:
        return Answer(200, raw=done.stdout, headers={"Content-Type": "application/vnd.github.raw"})
    encoded = base64.encodebytes(done.stdout).decode()
    return Answer(200, {"type": "file", "path": parts[0], "content": encoded, "encoding": "base64"})


def tarball(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/repos/contents#download-a-repository-archive-tar"""
    return Answer(302, headers={"Location": f"{server.url}/repos/{repo.slug}/codeload/{parts[0]}"})


def archive(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    done = server.git(repo.slug, "archive", "--format=tar.gz", f"--prefix=x-{parts[0][:7]}/", parts[0])
    if done.returncode:
        return not_found()
    return Answer(200, raw=done.stdout, headers={"Content-Type": "application/x-gzip"})


def compare(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/commits/commits#compare-two-commits"""
    base, _, head = parts[0].partition("...")
    shas = [sha_of(server, repo, name) for name in (base, head)]
    if None in shas:
        return not_found()
    range_ = f"{shas[0]}...{shas[1]}"
    named = server.git(repo.slug, "diff", "--name-status", "-z", "--no-renames", range_).stdout.decode().split("\0")
    words = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}
    files = [{"filename": path, "status": words[state]} for state, path in zip(named[::2], named[1::2], strict=False)]
    behind, ahead = server.git(repo.slug, "rev-list", "--left-right", "--count", range_).stdout.decode().split()
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    return Answer(
        200,
        {
            "status": status.get((ahead != "0", behind != "0"), "identical"),
            "ahead_by": int(ahead),
            "behind_by": int(behind),
            "files": files[:300],
        },
    )
