"""Webhooks, signed: https://docs.github.com/en/webhooks/webhook-events-and-payloads"""

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import Any


def deliver(url: str, event: str, payload: dict[str, Any], secret: str, delivery: str) -> int:
    body = json.dumps(payload).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Hook-ID": "1",
        "X-Hub-Signature-256": signature,
    }
    request = urllib.request.Request(url, body, headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def push_payload(
    slug: str, ref: str, before: str, after: str, *, sender: str = "ada", **more: object
) -> dict[str, Any]:
    """A push of a branch or a tag (`refs/...`); `after` of zeros is its removal."""
    gone, new = after == "0" * 40, before == "0" * 40
    head = None if gone else {"id": after, "message": "Change it", "added": [], "removed": [], "modified": []}
    return {
        "ref": ref,
        "before": before,
        "after": after,
        "created": new,
        "deleted": gone,
        "forced": False,
        "head_commit": head,
        "commits": [] if head is None else [head],
        "repository": _repository(slug),
        "pusher": {"name": sender},
        "sender": {"login": sender, "id": 101},
        **more,
    }


def pull_request_payload(
    slug: str, number: int, action: str, head_sha: str, *, head_slug: str = "", branch: str = "topic", **more: object
) -> dict[str, Any]:
    """`head_slug`: the fork that it comes from."""
    head_slug = head_slug or slug
    return {
        "action": action,
        "number": number,
        "pull_request": {
            "number": number,
            "state": "closed" if action == "closed" else "open",
            "title": "A change",
            "html_url": f"https://github.com/{slug}/pull/{number}",
            "head": {"ref": branch, "sha": head_sha, "repo": _repository(head_slug)},
            "base": {"ref": "main", "sha": "0" * 40, "repo": _repository(slug)},
            "user": {"login": head_slug.partition("/")[0]},
            "author_association": "OWNER" if head_slug == slug else "NONE",
            "merged": False,
        },
        "repository": _repository(slug),
        "sender": {"login": head_slug.partition("/")[0], "id": 101},
        **more,
    }


def _repository(slug: str) -> dict[str, Any]:
    owner, _, name = slug.partition("/")
    return {
        "id": 1000,
        "name": name,
        "full_name": slug,
        "private": False,
        "default_branch": "main",
        "owner": {"login": owner, "id": 101},
        "clone_url": f"https://github.com/{slug}.git",
        "fork": False,
    }
