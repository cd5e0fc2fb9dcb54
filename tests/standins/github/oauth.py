"""Sign-in: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps

Errors of the token endpoint are answered with status 200, as GitHub does.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from tests.standins.github.answers import Answer, not_found
from tests.standins.github.model import Code, Device, OAuthApp, Token

if TYPE_CHECKING:
    from tests.standins.github.server import GitHubApi

_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_TOKEN_SECONDS = 28800
_REFRESH_SECONDS = 15897600


def answer(server: "GitHubApi", method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    given = {name.lower(): value for name, value in headers.items()}
    if (method, path) == ("GET", "/login/oauth/authorize"):
        return _authorize(server, dict(parse_qsl(query)))
    if method != "POST" or path not in ("/login/oauth/access_token", "/login/device/code"):
        return not_found()
    text = body.decode()
    asked = json.loads(text) if "json" in given.get("content-type", "") else dict(parse_qsl(text))
    said = _device_code(server, asked) if path == "/login/device/code" else _token(server, asked)
    if "application/json" in given.get("accept", ""):
        return Answer(200, said)
    return Answer(200, raw=urlencode(said).encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})


def applications(server: "GitHubApi", method: str, path: str, body: bytes, credentials: str) -> Answer:
    """What an app does with its tokens: https://docs.github.com/en/rest/apps/oauth-applications"""
    client_id, _, secret = credentials.partition(":")
    app = server.world.apps.get(client_id)
    if app is None or not secrets.compare_digest(app.secret, secret):
        return not_found()
    parts = path.split("/")
    token = json.loads(body or b"{}").get("access_token", "")
    known = server.world.tokens.get(token)
    if parts[:3] != ["", "applications", client_id] or known is None or known.app != client_id:
        return not_found()
    if parts[3:] == ["token"] and method == "POST":
        account = server.world.accounts[known.login]
        return Answer(200, {"token": token, "user": account.to_json(server.url), "scopes": list(known.scopes or ())})
    if method != "DELETE" or parts[3:] not in (["token"], ["grant"]):
        return not_found()
    if parts[3:] == ["token"]:
        _forget(server, token)
    else:
        for each, its in list(server.world.tokens.items()):
            if (its.app, its.login) == (client_id, known.login):
                _forget(server, each)
    return Answer(204)


def _authorize(server: "GitHubApi", asked: dict[str, str]) -> Answer:
    app = server.world.apps.get(asked.get("client_id", ""))
    if app is None:
        return not_found()
    to = asked.get("redirect_uri") or next(iter(app.redirect_uris), "")
    state = {"state": asked["state"]} if "state" in asked else {}
    registered = not app.redirect_uris or any(to == uri or to.startswith(uri + "/") for uri in app.redirect_uris)
    if not registered:
        return Answer(302, headers={"Location": f"{app.redirect_uris[0]}?{_error('redirect_uri_mismatch', state)}"})
    if server.signing_in is None:
        return Answer(302, headers={"Location": f"{to}?{_error('access_denied', state)}"})
    code = secrets.token_hex(10)
    scopes = tuple(asked.get("scope", "").replace(",", " ").split())
    challenge = asked.get("code_challenge", "") if asked.get("code_challenge_method") == "S256" else ""
    server.world.codes[code] = Code(server.signing_in, app.client_id, to, scopes, challenge)
    return Answer(302, headers={"Location": f"{to}?{urlencode({'code': code, **state})}"})


def _error(error: str, state: dict[str, str]) -> str:
    return urlencode({"error": error, "error_description": "It was declined.", **state})


def _token(server: "GitHubApi", asked: dict[str, str]) -> dict[str, Any]:
    app = server.world.apps.get(asked.get("client_id", ""))
    grant = asked.get("grant_type", "authorization_code")
    if app is None or (grant != _DEVICE_GRANT and asked.get("client_secret") != app.secret):
        return _wrong("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect.")
    if grant == _DEVICE_GRANT:
        return _by_device(server, app, asked)
    if grant == "refresh_token":
        return _refreshed(server, app, asked.get("refresh_token", ""))
    return _by_code(server, app, asked)


def _by_code(server: "GitHubApi", app: OAuthApp, asked: dict[str, str]) -> dict[str, Any]:
    given = asked.get("code", "")
    code = server.world.codes.pop(given, None)
    if code is None:
        # One that comes twice may have been stolen: what it gave is taken back (RFC 6749, 4.1.2).
        for token in server.world.used_codes.pop(given, []):
            _forget(server, token)
        return _wrong("bad_verification_code", "The code passed is incorrect or expired.")
    if code.client_id != app.client_id:
        return _wrong("bad_verification_code", "The code passed is incorrect or expired.")
    if asked.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
        return _wrong("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL.")
    if code.challenge and _challenge(asked.get("code_verifier", "")) != code.challenge:
        return _wrong("bad_verification_code", "The code verifier is wrong.")
    said = _issue(server, app, code.login, code.scopes)
    server.world.used_codes[given] = [said["access_token"]]
    return said


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _issue(server: "GitHubApi", app: OAuthApp, login: str, scopes: tuple[str, ...]) -> dict[str, Any]:
    token = ("ghu_" if app.expiring else "gho_") + secrets.token_hex(18)
    known = Token(login, None if app.expiring else scopes, app=app.client_id)
    server.world.tokens[token] = known
    said: dict[str, Any] = {"access_token": token, "token_type": "bearer", "scope": ",".join(scopes)}
    if app.expiring:
        known.refresh = "ghr_" + secrets.token_hex(38)
        server.world.refreshes[known.refresh] = token
        said |= {
            "scope": "",
            "expires_in": _TOKEN_SECONDS,
            "refresh_token": known.refresh,
            "refresh_token_expires_in": _REFRESH_SECONDS,
        }
    return said


def _refreshed(server: "GitHubApi", app: OAuthApp, refresh: str) -> dict[str, Any]:
    """The old token and the old refresh token end with it."""
    token = server.world.refreshes.pop(refresh, None)
    if token is None:
        return _wrong("bad_refresh_token", "The refresh token passed is incorrect or expired.")
    known = server.world.tokens.pop(token)
    return _issue(server, app, known.login, known.scopes or ())


def _device_code(server: "GitHubApi", asked: dict[str, str]) -> dict[str, Any]:
    if asked.get("client_id") not in server.world.apps:
        return {"error": "Not Found"}
    letters = "".join(secrets.choice("BCDFGHJKLMNPQRSTVWXZ") for _ in range(8))
    scopes = tuple(asked.get("scope", "").replace(",", " ").split())
    device = Device(secrets.token_hex(20), f"{letters[:4]}-{letters[4:]}", asked["client_id"], scopes)
    server.world.devices[device.code] = device
    return {
        "device_code": device.code,
        "user_code": device.user_code,
        "verification_uri": f"{server.url}/login/device",
        "expires_in": 900,
        "interval": 5,
    }


def _by_device(server: "GitHubApi", app: OAuthApp, asked: dict[str, str]) -> dict[str, Any]:
    device = server.world.devices.get(asked.get("device_code", ""))
    if device is None or device.client_id != app.client_id:
        return _wrong("incorrect_device_code", "The device_code provided is not valid.")
    device.polls += 1
    if device.denied:
        return _wrong("access_denied", "The authorization request was denied.")
    if not device.login:
        return _wrong("authorization_pending", "The authorization request is still pending.")
    del server.world.devices[device.code]
    return _issue(server, app, device.login, device.scopes)


def _forget(server: "GitHubApi", token: str) -> None:
    known = server.world.tokens.pop(token, None)
    if known is not None:
        server.world.refreshes.pop(known.refresh, None)


def _wrong(error: str, description: str) -> dict[str, Any]:
    return {"error": error, "error_description": description, "error_uri": "https://docs.github.com"}
