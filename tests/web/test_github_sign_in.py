"""Signing in with GitHub: there and back once, in time, by who began it; T-01, T-02, T-04, T-05, T-08."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from devgem.domain.errors import SourceError
from devgem.web.github_sign_in import safe_next
from tests.standins.github import GitHubApi, OAuthApp, serving_api
from tests.web.conftest import Dashboard, dashboard_on

UNSAFE = {"X-DevGem": "1"}
APP = OAuthApp()
ADA = "github:101"


@pytest.fixture
def github(tmp_path: Path) -> Iterator[GitHubApi]:
    with serving_api(tmp_path / "github") as api:
        api.add_app(APP)
        yield api


@pytest.fixture
async def signing(tmp_path: Path, github: GitHubApi) -> AsyncIterator[Dashboard]:
    async with dashboard_on(tmp_path, github_url=github.url, github_client=APP) as running:
        yield running


async def to_github(browser: httpx2.AsyncClient, **asked: str) -> str:
    """Where the dashboard sends a browser that wants to sign in."""
    answer = await browser.get("/signin/github", params=asked)
    assert answer.status_code == 303
    return answer.headers["location"]


async def consented(at: str) -> str:
    """What GitHub sends the browser back with, once its user has pressed the button."""
    async with httpx2.AsyncClient(trust_env=False) as elsewhere:
        back = urlsplit((await elsewhere.get(at)).headers["location"])
    return f"{back.path}?{back.query}"


async def sign_in(browser: httpx2.AsyncClient, **asked: str) -> httpx2.Response:
    return await browser.get(await consented(await to_github(browser, **asked)))


async def test_a_browser_goes_to_github_and_comes_back_signed_in(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None) as browser:
        at = await to_github(browser, next="/new?repo=ada/x")
        asked = parse_qs(urlsplit(at).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert "scope" not in asked  # the least that there is
        assert asked["redirect_uri"] == [f"{signing.url}/signin/github/callback"]
        back = await browser.get(await consented(at))
        assert (back.status_code, back.headers["location"]) == (303, "/new?repo=ada/x")
        session = (await browser.get("/api/v1/session")).json()
        assert session["user"] == {"id": ADA, "login": "ada", "name": "Ada Lovelace"}
        assert session["github"] == {"scopes": [], "can_read_private": False}
        assert session["sign_in"] == {"github": True, "token": True, "app_url": None}
        await sign_in(browser, access="private")
        assert (await browser.get("/api/v1/session")).json()["github"] == {"scopes": ["repo"], "can_read_private": True}


async def test_a_state_is_good_once_and_in_its_own_browser(signing: Dashboard) -> None:
    async with signing.client(token=None) as browser, signing.client(token=None) as thief:
        back = await consented(await to_github(browser))
        stolen = await thief.get(back)  # login CSRF, or a code that leaked
        assert stolen.headers["location"] == "/signin?problem=state"
        assert (await browser.get(back)).headers["location"] == "/signin?problem=state"  # it was taken up
        again = await consented(await to_github(browser))
        assert (await browser.get(again)).headers["location"] == "/"
        assert (await browser.get(again)).headers["location"] == "/signin?problem=state"
        for query in ("", "?code=x", "?state=x&code=y", "?state=" + "x" * 43):
            answer = await thief.get(f"/signin/github/callback{query}")
            assert answer.headers["location"] == "/signin?problem=state"
        assert not (await thief.get("/api/v1/session")).json()["signed_in"]


async def test_a_swapped_or_forged_code_signs_nobody_in(signing: Dashboard) -> None:
    """PKCE: a code that another sign-in was given is not taken, whatever the state says."""
    async with signing.client(token=None) as browser, signing.client(token=None) as other:
        stolen = parse_qs(urlsplit(await consented(await to_github(other))).query)["code"][0]
        state = parse_qs(urlsplit(await to_github(browser, next="/apps")).query)["state"][0]
        answer = await browser.get("/signin/github/callback", params={"state": state, "code": stolen})
        assert answer.headers["location"] == "/signin?problem=expired&next=%2Fapps"
        assert not (await browser.get("/api/v1/session")).json()["signed_in"]


async def test_who_declines_keeps_the_intent(signing: Dashboard, github: GitHubApi) -> None:
    github.signing_in = None
    async with signing.client(token=None) as browser:
        answer = await sign_in(browser, next="/new?repo=a/b")
        assert answer.headers["location"] == "/signin?problem=denied&next=%2Fnew%3Frepo%3Da%2Fb"


async def test_a_github_that_is_down_is_told_and_signs_nobody_in(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None) as browser:
        back = await consented(await to_github(browser))
        github.broken = True
        assert (await browser.get(back)).headers["location"] == "/signin?problem=unavailable"


@pytest.mark.parametrize(
    "next",
    [
        *("//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "\\\\evil.example"),
        *("/ /evil", "/\t/evil.example", "/\n/evil", "evil.example", "", "/x\u2044", "/\u3000", "http:evil", "@evil"),
        *("/signin", "/signin?next=/signin", "/api/v1/session", "///evil.example", "/..//evil.example", "/" * 3000),
    ],
)
def test_only_a_path_of_our_own_is_gone_on_to(next: str) -> None:
    assert safe_next(next) == "/"


@pytest.mark.parametrize("next", ["/", "/apps/shop?a=1&b=//x#c", "/new?repo=https%3A%2F%2Fgithub.com%2Fa%2Fb@1"])
def test_a_path_of_our_own_is_kept(next: str) -> None:
    assert safe_next(next) == next


async def test_a_sign_in_ends_the_session_before_it(signing: Dashboard) -> None:
    async with signing.client(token=None) as browser:
        await sign_in(browser)
        before = browser.cookies["devgem_session"]
        await sign_in(browser)
        assert browser.cookies["devgem_session"] != before
        assert len((await browser.get("/api/v1/sessions")).json()["items"]) == 1
        browser.cookies.set("devgem_session", before, domain="127.0.0.1")
    async with signing.client(token=None) as old:
        old.cookies.set("devgem_session", before)
        assert (await old.get("/api/v1/apps")).status_code == 401


async def test_what_github_granted_is_sealed_and_ends_with_the_last_session(
    signing: Dashboard, github: GitHubApi, tmp_path: Path
) -> None:
    async with signing.client(token=None, **UNSAFE) as first, signing.client(token=None, **UNSAFE) as second:
        await sign_in(first)
        await sign_in(second)
        assert await signing.parts.github_sign_in.tokens.of(ADA) in github.world.tokens
        for file in tmp_path.glob("devgem.sqlite*"):
            assert b"gho_" not in file.read_bytes()
        await first.delete("/api/v1/session")
        assert await signing.parts.github_sign_in.tokens.of(ADA) in github.world.tokens
        await second.delete("/api/v1/session")
        assert await signing.parts.github_sign_in.tokens.of(ADA) is None
    async with asyncio.timeout(20):
        while any(token.app == APP.client_id for token in github.world.tokens.values()):
            await asyncio.sleep(0.01)


async def test_signing_out_works_while_github_is_away(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None, **UNSAFE) as browser:
        await sign_in(browser)
        github.broken = True
        assert (await browser.delete("/api/v1/session")).status_code == 204
        assert (await browser.get("/api/v1/apps")).status_code == 401


async def test_a_token_that_is_pasted_in_signs_in(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None, **UNSAFE) as browser:
        for wrong, status in (("x", 422), ("ghp_" + "b" * 36, 401)):
            answer = await browser.post("/api/v1/signin/token", json={"token": wrong})
            assert answer.status_code == status
            assert wrong * 2 not in answer.text
        answer = await browser.post("/api/v1/signin/token", json={"token": github.token})
        assert answer.json() == {"id": ADA, "login": "ada", "name": "Ada Lovelace"}
        assert (await browser.get("/api/v1/session")).json()["github"]["can_read_private"]
        assert await signing.parts.github_sign_in.tokens.of(ADA) == github.token


async def test_a_command_line_signs_in_by_a_code(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None, **UNSAFE) as program:
        begun = (await program.post("/api/v1/signin/device")).json()
        assert begun["verification_uri"] == f"{github.url}/login/device"
        at = f"/api/v1/signin/device/{begun['handle']}"
        assert (await program.post(at)).status_code == 202
        github.approve_device(begun["user_code"])
        answer = (await program.post(at)).json()
        assert answer["user"]["login"] == "ada"
        assert (await program.post(at)).status_code == 404
        assert (await program.post("/api/v1/signin/device/x")).status_code == 404
    async with signing.client(token=answer["token"]) as signed_in:
        assert (await signed_in.get("/api/v1/apps")).status_code == 200
        assert (await signed_in.get("/api/v1/session")).json()["user"]["id"] == ADA
        assert (await signed_in.delete("/api/v1/session")).status_code == 204
        assert (await signed_in.get("/api/v1/apps")).status_code == 401


async def test_a_code_that_is_declined_ends_the_sign_in(signing: Dashboard, github: GitHubApi) -> None:
    async with signing.client(token=None, **UNSAFE) as program:
        begun = (await program.post("/api/v1/signin/device")).json()
        github.approve_device(begun["user_code"], denied=True)
        at = f"/api/v1/signin/device/{begun['handle']}"
        answer = await program.post(at)
        assert (answer.status_code, answer.json()["code"]) == (422, "oauth_access_denied")
        assert (await program.post(at)).status_code == 404


async def test_too_many_attempts_are_slowed_down(signing: Dashboard) -> None:
    async with signing.client(token=None, **UNSAFE) as program:
        answers = [await program.post("/api/v1/signin/token", json={"token": "x"}) for _ in range(60)]
        assert {answer.status_code for answer in answers} == {422, 429}
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert (await program.get("/api/v1/session")).status_code == 200  # nobody is locked out of the rest


async def test_over_tls_the_cookie_is_the_hosts_alone(tmp_path: Path, github: GitHubApi) -> None:
    """T-05: the proxy in front has ended TLS; what counts is the address that was set."""
    public = "https://devgem.example"
    async with dashboard_on(tmp_path, github_url=github.url, github_client=APP, public_url=public) as running:
        async with running.client(token=None, Host="devgem.example") as browser:
            code = running.parts.sign_in.new_code()
            cookie = (await browser.get("/signin", params={"token": code})).headers["set-cookie"]
            assert cookie.startswith("__Host-devgem_session=")
            assert {"httponly", "secure", "path=/", "samesite=lax"} <= {
                part.strip().lower() for part in cookie.split(";")
            }
            at = await browser.get("/signin/github")
            assert at.headers["set-cookie"].startswith("__Host-devgem_signin=")
            redirect = parse_qs(urlsplit(at.headers["location"]).query)["redirect_uri"]
            assert redirect == ["https://devgem.example/signin/github/callback"]
        token = cookie.partition("=")[2].partition(";")[0]
        async with running.client(token=None, Host="devgem.example") as other:
            # One that a neighbour under the same domain has set does not count.
            answer = await other.get("/api/v1/session", headers={"Cookie": f"devgem_session={token}"})
            assert not answer.json()["signed_in"]
            answer = await other.get("/api/v1/session", headers={"Cookie": f"__Host-devgem_session={token}"})
            assert answer.json()["signed_in"]


async def test_without_an_app_github_is_not_offered(dashboard: Dashboard) -> None:
    async with dashboard.client(token=None, **UNSAFE) as browser:
        assert (await browser.get("/api/v1/session")).json()["sign_in"]["github"] is False
        assert (await browser.get("/signin/github")).headers["location"] == "/signin?problem=unavailable"
        assert (await browser.post("/api/v1/signin/device")).status_code == 422


@asynccontextmanager
async def with_an_app(tmp_path: Path) -> AsyncIterator[tuple[Dashboard, GitHubApi, httpx2.AsyncClient]]:
    """A GitHub App whose tokens last shorter than what is left of them here: each use refreshes."""
    with serving_api(tmp_path / "github") as github:
        app = github.add_app(OAuthApp(expiring=True))
        async with (
            dashboard_on(tmp_path, github_url=github.url, github_client=app, github_app="devgem") as running,
            running.client(token=None, **UNSAFE) as browser,
        ):
            await sign_in(browser, access="private")
            yield running, github, browser


async def expire(dashboard: Dashboard) -> None:
    import sqlalchemy as sa

    from devgem.store import tables

    async with dashboard.store._connected(write=True) as connection, connection.begin():
        await connection.execute(sa.update(tables.github_grants).values(expires_at=tables.EPOCH))


async def test_tokens_of_an_app_are_refreshed_once_for_all_who_wait(tmp_path: Path) -> None:
    async with with_an_app(tmp_path) as (dashboard, github, browser):
        tokens = dashboard.parts.github_sign_in.tokens
        first = await tokens.of(ADA)
        await expire(dashboard)
        found = await asyncio.gather(*(tokens.of(ADA) for _ in range(20)))
        assert len(set(found)) == 1
        assert found[0] != first
        assert found[0] in github.world.tokens
        assert sum(seen.path == "/login/oauth/access_token" for seen in github.seen) == 2
        session = (await browser.get("/api/v1/session")).json()
        assert session["sign_in"]["app_url"] == f"{github.url}/apps/devgem/installations/new"


async def test_a_sign_in_that_github_has_ended_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    async with with_an_app(tmp_path) as (dashboard, github, browser):
        await expire(dashboard)
        github.world.refreshes.clear()
        for _ in range(2):
            with pytest.raises(SourceError, match="sign-in any more") as raised:
                await dashboard.parts.github_sign_in.tokens.of(ADA)
            assert raised.value.fix == "Sign in to GitHub again."
        session = (await browser.get("/api/v1/session")).json()
        assert (session["signed_in"], session["github"]) == (True, None)
        await sign_in(browser)
        assert await dashboard.parts.github_sign_in.tokens.of(ADA) in github.world.tokens
