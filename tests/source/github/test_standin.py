"""The stand-in itself: what it refuses is what GitHub refuses."""

import base64
import hashlib
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.source.git_repository import ENVIRONMENT, GitRepository
from tests.standins.github import GitHubApi, OAuthApp

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BACK = "http://127.0.0.1:1/signin/github/callback"


@pytest.fixture
def web(api: GitHubApi) -> Any:
    with httpx2.Client(base_url=api.url, headers={"Accept": "application/json"}, trust_env=False, timeout=30) as web:
        yield web


def code_of(web: httpx2.Client, app: OAuthApp, **more: str) -> str:
    asked = {"client_id": app.client_id, "redirect_uri": BACK, "state": "s", "scope": "repo", **more}
    answer = web.get("/login/oauth/authorize", params=asked)
    assert answer.status_code == 302
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    assert found["state"] == ["s"]
    return found["code"][0]


def exchange(web: httpx2.Client, app: OAuthApp, **asked: str) -> dict[str, Any]:
    known = {"client_id": app.client_id, "client_secret": app.secret}
    said: dict[str, Any] = web.post("/login/oauth/access_token", data=known | asked).json()
    return said


def test_a_code_opens_once_and_to_its_verifier_only(api: GitHubApi, web: httpx2.Client) -> None:
    app = api.add_app(OAuthApp(redirect_uris=(BACK,)))
    proof = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    wrong = exchange(web, app, code=code_of(web, app, **proof), code_verifier="x" * 50)
    assert wrong["error"] == "bad_verification_code"
    code = code_of(web, app, **proof)
    said = exchange(web, app, code=code, code_verifier=VERIFIER)
    me = web.get("/user", headers={"Authorization": f"Bearer {said['access_token']}"})
    assert (me.json()["login"], me.headers["x-oauth-scopes"]) == ("ada", "repo")
    assert exchange(web, app, code=code, code_verifier=VERIFIER)["error"] == "bad_verification_code"
    assert web.get("/user", headers={"Authorization": f"Bearer {said['access_token']}"}).status_code == 401


def test_a_refreshed_token_ends_the_one_before(api: GitHubApi, web: httpx2.Client) -> None:
    app = api.add_app(OAuthApp("Iv1.example", expiring=True))
    first = exchange(web, app, code=code_of(web, app))
    second = exchange(web, app, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert api.token_of(first["access_token"]) is None
    assert api.token_of(second["access_token"])
    again = exchange(web, app, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert again["error"] == "bad_refresh_token"
    path = f"/applications/{app.client_id}/token"
    auth = (app.client_id, app.secret)
    revoked = web.request("DELETE", path, json={"access_token": second["access_token"]}, auth=auth)
    assert revoked.status_code == 204
    assert api.token_of(second["access_token"]) is None


def test_a_device_waits_until_its_code_is_typed(api: GitHubApi, web: httpx2.Client) -> None:
    app = api.add_app(OAuthApp())
    device = web.post("/login/device/code", data={"client_id": app.client_id, "scope": "repo"}).json()
    grant = {
        "client_id": app.client_id,
        "device_code": device["device_code"],
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }
    assert web.post("/login/oauth/access_token", data=grant).json()["error"] == "authorization_pending"
    api.approve_device(device["user_code"])
    token = web.post("/login/oauth/access_token", data=grant).json()["access_token"]
    known = api.token_of(token)
    assert known
    assert known.login == "ada"


def test_git_takes_a_token_for_what_is_private(api: GitHubApi, tmp_path: Path, shop: GitRepository) -> None:
    def listed(slug: str, token: str = "") -> str:
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        header = ["-c", f"http.extraHeader=Authorization: Basic {basic}"] if token else []
        done = subprocess.run(
            ["git", *header, "ls-remote", f"{api.url}/{slug}.git", "HEAD"],
            env={**ENVIRONMENT, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            check=False,
        )
        return done.stdout.decode()

    assert shop.sha() in listed("ada/shop")
    assert listed("ada/vault") == ""
    assert shop.sha() in listed("ada/vault", api.token)
    assert listed("ada/vault", "gho_of_somebody") == ""
