"""A user's own key: kept sealed, never told."""

from tests.web.conftest import Dashboard


async def test_a_key_is_set_shown_by_its_end_and_removed(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        assert (await client.get("/api/v1/keys/gemini")).json() == {"is_set": False, "ends_with": ""}
        answer = await client.put("/api/v1/keys/gemini", json={"key": " AIzaSyExample1234 "})
        assert answer.json() == {"is_set": True, "ends_with": "1234"}
        assert "AIzaSyExample" not in (await client.get("/api/v1/keys/gemini")).text
        async with dashboard.store.read() as transaction:
            assert await transaction.user_keys.get("operator", "gemini") == "AIzaSyExample1234"
        assert (await client.delete("/api/v1/keys/gemini")).status_code == 204
        assert (await client.get("/api/v1/keys/gemini")).json()["is_set"] is False


async def test_what_cannot_be_a_key_is_refused_without_repeating_it(dashboard: Dashboard) -> None:
    async with dashboard.client() as client:
        for key in ("short", "has a space in it", "schlüsselchen"):
            answer = await client.put("/api/v1/keys/gemini", json={"key": key})
            assert answer.status_code == 422
            assert key not in answer.text


async def test_without_sign_in_there_is_no_key(dashboard: Dashboard) -> None:
    async with dashboard.client(token=None) as client:
        assert (await client.get("/api/v1/keys/gemini")).status_code == 401
