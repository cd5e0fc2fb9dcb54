"""What is said about a repository: statuses, pull requests, comments, hooks."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.standins.github.answers import Answer, Asked, invalid, not_found, paged
from tests.standins.github.content import sha_of
from tests.standins.github.model import Repo

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi

_STATES = ("error", "failure", "pending", "success")
_DESCRIPTION_LIMIT = 140
_COMMENT_LIMIT = 65536


def statuses(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    sha = sha_of(server, repo, parts[0])
    return paged(server, asked, [s for s in server.world.statuses.get(repo.slug, [])[::-1] if s["sha"] == sha])


def set_status(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/commits/statuses#create-a-commit-status"""
    body = asked.body
    if sha_of(server, repo, parts[0]) is None:
        return invalid("Status", f"No commit found for SHA: {parts[0]}")
    if body.get("state") not in _STATES:
        return invalid("Status", field="state")
    if len(body.get("description") or "") > _DESCRIPTION_LIMIT:
        return invalid("Status", "description is too long (maximum is 140 characters)")
    if body.get("target_url") and not str(body["target_url"]).startswith(("http://", "https://")):
        return invalid("Status", field="target_url")
    known = server.world.statuses.setdefault(repo.slug, [])
    status = {
        "id": len(known) + 1,
        "sha": parts[0],
        "state": body["state"],
        "context": body.get("context") or "default",
        "description": body.get("description"),
        "target_url": body.get("target_url"),
        "created_at": _now(),
    }
    known.append(status)
    return Answer(201, status)


def pulls(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    found = server.pulls.get(repo.slug, [])
    if head := asked.query.get("head"):
        found = [pull for pull in found if pull["head"]["label"] == head]
    state = asked.query.get("state", "open")
    return paged(server, asked, [pull for pull in found if state in ("all", pull["state"])])


def pull(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    found = [pull for pull in server.pulls.get(repo.slug, []) if pull["number"] == int(parts[0])]
    return Answer(200, found[0]) if found else not_found()


def pull_files(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    found = [pull for pull in server.pulls.get(repo.slug, []) if pull["number"] == int(parts[0])]
    return paged(server, asked, found[0].get("files", [])) if found else not_found()


def open_pull(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/pulls/pulls#create-a-pull-request"""
    body = asked.body
    label = f"{repo.owner}:{body['head']}"
    known = server.pulls.setdefault(repo.slug, [])
    if any(pull["head"]["label"] == label for pull in known):
        return invalid("PullRequest", f"A pull request already exists for {label}.")
    for field in ("head", "base"):
        if not server.has_branch(repo.slug, body[field]):
            return invalid("PullRequest", field=field)
    number = len(known) + 1
    made: dict[str, Any] = {
        "number": number,
        "html_url": f"https://github.com/{repo.slug}/pull/{number}",
        "title": body["title"],
        "body": body.get("body"),
        "state": "open",
        "head": {"label": label, "ref": body["head"]},
        "base": {"ref": body["base"]},
    }
    known.append(made)
    return Answer(201, made)


def comments(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    known = server.world.comments.get(repo.slug, [])
    return paged(server, asked, [comment for comment in known if comment["issue"] == int(parts[0])])


def add_comment(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    text = asked.body.get("body")
    if not text or len(text) > _COMMENT_LIMIT:
        return invalid("IssueComment", field="body")
    known = server.world.comments.setdefault(repo.slug, [])
    id = max((comment["id"] for comment in known), default=0) + 1
    made = {
        "id": id,
        "issue": int(parts[0]),
        "body": text,
        "user": {"login": asked.login},
        "html_url": f"https://github.com/{repo.slug}/pull/{parts[0]}#issuecomment-{id}",
    }
    known.append(made)
    return Answer(201, made)


def change_comment(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    for comment in server.world.comments.get(repo.slug, []):
        if comment["id"] == int(parts[0]):
            comment["body"] = asked.body["body"]
            return Answer(200, comment)
    return not_found()


def delete_comment(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    known = server.world.comments.get(repo.slug, [])
    kept = [comment for comment in known if comment["id"] != int(parts[0])]
    server.world.comments[repo.slug] = kept
    return Answer(204) if len(kept) < len(known) else not_found()


def hooks(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    return paged(server, asked, server.world.hooks.get(repo.slug, []))


def add_hook(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    """https://docs.github.com/en/rest/repos/webhooks#create-a-repository-webhook"""
    known = server.world.hooks.setdefault(repo.slug, [])
    config = dict(asked.body.get("config") or {})
    if not config.get("url"):
        return invalid("Hook", field="url")
    if any(hook["config"]["url"] == config["url"] for hook in known):
        return invalid("Hook", "Hook already exists on this repository")
    if "secret" in config:
        config["secret"] = "********"
    made = {"id": len(known) + 1, "name": "web", "active": True, "events": asked.body.get("events"), "config": config}
    known.append(made)
    return Answer(201, made)


def delete_hook(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    known = server.world.hooks.get(repo.slug, [])
    kept = [hook for hook in known if hook["id"] != int(parts[0])]
    server.world.hooks[repo.slug] = kept
    return Answer(204) if len(kept) < len(known) else not_found()


def permission(server: "GitHubApi", asked: Asked, repo: Repo, parts: list[str]) -> Answer:
    login = parts[0]
    if login not in server.world.accounts:
        return not_found()
    members = server.world.organisations.get(repo.owner, set())
    level = "admin" if login == repo.owner else "write" if repo.may_write(login) or login in members else "read"
    if level == "read" and repo.private and not repo.may_read(login):
        level = "none"
    return Answer(200, {"permission": level, "role_name": level, "user": {"login": login}})


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
