"""The one-time URL, the session it opens, and what needs one."""

from pathlib import Path

import pytest

from tests.web.conftest import Dashboard, dashboard_on

UNSAFE = {"X-DevGem": "1"}


async def test_a_sign_in_url_works_once(dashboard: Dashboard) -> None:
    async with dashboard.client() as operator:
        url = (await operator.post("/api/v1/signin-urls")).json()["url"]
    async with dashboard.client(token=None) as browser:
        first = await browser.get(url)
        assert first.status_code == 303
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert (await browser.get("/api/v1/session")).json()["signed_in"]
        assert (await browser.get("/api/v1/apps")).status_code == 200
    async with dashboard.client(token=None) as another:
        assert (await another.get(url)).status_code == 401
        assert not (await another.get("/api/v1/session")).json()["signed_in"]


async def test_a_session_survives_a_restart_and_ends_with_sign_out(tmp_path: Path) -> None:
    async with dashboard_on(tmp_path) as before, before.client(token=None) as browser:
        await browser.get("/signin", params={"token": before.parts.sign_in.new_code()})
        session = browser.cookies["devgem_session"]
    async with dashboard_on(tmp_path) as after, after.client(token=None, **UNSAFE) as browser:
        browser.cookies.set("devgem_session", session)
        assert (await browser.get("/api/v1/apps")).status_code == 200
        assert (await browser.delete("/api/v1/session")).status_code == 204
        browser.cookies.set("devgem_session", session)
        assert (await browser.get("/api/v1/apps")).status_code == 401


@pytest.mark.parametrize("token", [None, "", "wrong", "operator-toke"])
async def test_everything_but_health_and_sign_in_needs_one(dashboard: Dashboard, token: str | None) -> None:
    """Every route of the application is tried, so that a new one cannot be forgotten."""
    public = {"/", "/healthz", "/readyz", "/signin", "/api/v1/session", "/button.svg"}
    posted = {"/webhooks/github", "/api/v1/signin/token", "/api/v1/signin/device", "/api/v1/signin/device/{handle}"}
    public |= posted
    document = dashboard_routes(dashboard)
    assert len(document) > 15
    async with dashboard.client(token=token, **UNSAFE) as client:
        for method, path in document:
            response = await client.request(method, path.replace("{", "").replace("}", ""), json={})
            expected = path in public and (method, path) != ("DELETE", "/api/v1/session")
            assert (response.status_code == 401) is not expected, (method, path, response.status_code)
        for path in public - {"/signin"} - posted:
            assert (await client.get(path)).status_code == 200


def dashboard_routes(dashboard: Dashboard) -> list[tuple[str, str]]:
    from devgem.web.app import create_app

    paths = create_app(dashboard.parts).openapi()["paths"]
    listed = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    return [*listed, ("GET", "/metrics")]
