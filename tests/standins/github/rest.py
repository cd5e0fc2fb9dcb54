"""The REST API: which request means what. https://docs.github.com/en/rest"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tests.standins.github import content, talk
from tests.standins.github.answers import Answer, Asked, not_found, paged
from tests.standins.github.model import Repo

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi

Handler = Callable[["GitHubApi", Asked, Repo, list[str]], Answer]

_OF_REPOSITORY: list[tuple[str, str, Handler, bool]] = [
    ("GET", r"", content.repository, False),
    ("GET", r"/branches", content.branches, False),
    ("GET", r"/commits/(.+?)/statuses", talk.statuses, False),
    ("GET", r"/commits/(.+)", content.commit, False),
    ("GET", r"/git/trees/([^/]+)", content.tree, False),
    ("GET", r"/git/blobs/([^/]+)", content.blob, False),
    ("GET", r"/contents/(.*)", content.contents, False),
    ("GET", r"/compare/(.+)", content.compare, False),
    ("GET", r"/tarball/([0-9a-f]{40})", content.tarball, False),
    ("GET", r"/codeload/([0-9a-f]{40})", content.archive, False),
    ("POST", r"/statuses/([0-9a-f]{40})", talk.set_status, True),
    ("GET", r"/pulls", talk.pulls, False),
    ("POST", r"/pulls", talk.open_pull, True),
    ("GET", r"/pulls/(\d+)", talk.pull, False),
    ("GET", r"/pulls/(\d+)/files", talk.pull_files, False),
    ("GET", r"/issues/(\d+)/comments", talk.comments, False),
    ("POST", r"/issues/(\d+)/comments", talk.add_comment, False),
    ("PATCH", r"/issues/comments/(\d+)", talk.change_comment, False),
    ("DELETE", r"/issues/comments/(\d+)", talk.delete_comment, False),
    ("GET", r"/hooks", talk.hooks, True),
    ("POST", r"/hooks", talk.add_hook, True),
    ("DELETE", r"/hooks/(\d+)", talk.delete_hook, True),
    ("GET", r"/collaborators/([^/]+)/permission", talk.permission, True),
]


def answer(server: "GitHubApi", asked: Asked) -> Answer:
    if asked.path.startswith("/repositories/"):
        return _by_id(server, asked)
    if found := re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", asked.path):
        return _of_repository(server, asked, unquote(found[1]), found[2] or "")
    if asked.path in ("/graphql", "/api/graphql") and asked.method == "POST":
        return _graphql(server, asked)
    if asked.path == "/rate_limit":
        core = {"limit": server.limit, "remaining": server.limit - server.used, "reset": server.reset_at}
        return Answer(200, {"resources": {"core": core}, "rate": core})
    if asked.method != "GET" or not asked.path.startswith("/user"):
        return not_found()
    if asked.token is None:
        return Answer(401, {"message": "Requires authentication"})
    return _of_user(server, asked)


def _graphql(server: "GitHubApi", asked: Asked) -> Answer:
    """Files by the names of their contents, and nothing else: https://docs.github.com/en/graphql/reference/objects#blob"""
    if asked.token is None:
        return Answer(401, {"message": "This endpoint requires you to be authenticated."})
    slug = "{owner}/{name}".format(**asked.body["variables"])
    repo = server.repo(server.faults.renamed.get(slug, slug))
    if repo is None or not _reads(server, asked, repo):
        return Answer(200, {"data": {"repository": None}, "errors": [{"type": "NOT_FOUND", "message": "Not there."}]})
    wanted = re.findall(r'(\w+):object\(oid:"([0-9a-f]{40})"\)', asked.body["query"])
    found: dict[str, object] = {}
    for alias, sha in wanted:
        done = server.git(repo.slug, "cat-file", "blob", sha)
        text = None if b"\0" in done.stdout else done.stdout.decode("utf-8", "replace")
        found[alias] = None if done.returncode else {"text": text}
    return Answer(200, {"data": {"repository": found}})


def _of_user(server: "GitHubApi", asked: Asked) -> Answer:
    world = server.world
    if asked.path == "/user":
        return Answer(200, world.accounts[asked.login].to_json(server.url))
    if asked.path == "/user/orgs":
        mine = [login for login, members in world.organisations.items() if asked.login in members]
        return paged(server, asked, [world.accounts[login].to_json(server.url) for login in mine])
    if asked.path == "/user/repos":
        return paged(server, asked, [content.view(server, repo, asked) for repo in reachable(server, asked)])
    if asked.path == "/user/installations":
        return Answer(200, {"total_count": 0, "installations": []})
    return not_found()


def reachable(server: "GitHubApi", asked: Asked) -> list[Repo]:
    """What the account owns or works on, those pushed to last first. Private ones need the scope `repo`."""
    token = asked.token
    assert token is not None
    private = token.scopes is None or "repo" in token.scopes
    mine = {asked.login, *(login for login, members in server.world.organisations.items() if asked.login in members)}
    found = [
        repo
        for repo in server.world.repos.values()
        if (repo.owner in mine or asked.login in repo.members | repo.writers) and (private or not repo.private)
    ]
    return sorted(found, key=lambda repo: (repo.pushed_at, repo.slug), reverse=True)


def _by_id(server: "GitHubApi", asked: Asked) -> Answer:
    found = re.fullmatch(r"/repositories/(\d+)(/.*)?", asked.path)
    for repo in server.world.repos.values():
        if found and repo.id == int(found[1]):
            return _of_repository(server, asked, repo.slug, found[2] or "")
    return not_found()


def _of_repository(server: "GitHubApi", asked: Asked, slug: str, rest: str) -> Answer:
    if to := server.faults.renamed.get(slug):
        repo = server.repo(to)
        assert repo is not None
        return Answer(
            301,
            {"message": "Moved Permanently", "url": f"{server.url}/repositories/{repo.id}{rest}"},
            {"Location": f"{server.url}/repositories/{repo.id}{rest}"},
        )
    repo = server.repo(slug)
    if repo is None or not _reads(server, asked, repo):
        return not_found()
    for method, pattern, handler, writes in _OF_REPOSITORY:
        found = re.fullmatch(pattern, rest)
        if method == asked.method and found:
            if (writes or method != "GET") and asked.token is None:
                return Answer(401, {"message": "Requires authentication"})
            if writes and not _writes(server, asked, repo):
                return Answer(403, {"message": "Resource not accessible by personal access token"})
            return handler(server, asked, repo, [unquote(group) for group in found.groups()])
    return not_found()


def _reads(server: "GitHubApi", asked: Asked, repo: Repo) -> bool:
    token = asked.token
    if not repo.private:
        return True
    if token is None or not (token.scopes is None or "repo" in token.scopes):
        return False
    return repo.may_read(token.login) or token.login in server.world.organisations.get(repo.owner, set())


def _writes(server: "GitHubApi", asked: Asked, repo: Repo) -> bool:
    token = asked.token
    if token is None or token.reads_only:
        return False
    return repo.may_write(token.login) or token.login in server.world.organisations.get(repo.owner, set())
