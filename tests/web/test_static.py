"""The built page is sent as its budget counts it: compressed, and by its parts."""

from tests.web.conftest import Dashboard


async def test_what_is_built_is_sent_compressed(dashboard: Dashboard) -> None:
    script = "console.log('devgem');\n" * 500
    (dashboard.parts.static / "assets").mkdir(exist_ok=True)
    (dashboard.parts.static / "assets" / "index.js").write_text(script)
    async with dashboard.client() as client:
        answer = await client.get("/assets/index.js", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) < len(script) / 10
        assert answer.text == script
        assert (await client.get("/assets/none.js")).status_code == 404
        assert (await client.get("/conversations")).status_code == 404
        assert (await client.get("/apps/shop/kitchen")).status_code == 404
