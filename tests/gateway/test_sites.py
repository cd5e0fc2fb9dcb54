"""Static sites, served by the gateway itself."""

import asyncio
import gzip
import os
from pathlib import Path

import pytest

from devgem.gateway import Site, site
from devgem.gateway.media import media_type

from .conftest import House, limited, until
from .peers import Message, connected, request

FILES = {
    "index.html": "<h1>home</h1>",
    "about.html": "about",
    "docs/index.html": "docs",
    "docs/a b.txt": "spaces",
    "assets/index-DiwrgTda.js": "code",
    "caf\u00e9.txt": "unicode",
    "404.html": "lost",
    ".env": "SECRET=1",
    ".git/config": "secret",
    ".well-known/security.txt": "contact",
    "empty/readme.md": "# no index here",
    "a%2fb?.txt": "odd",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "outside.txt").write_text("outside")
    return root


async def get(house: House, target: str, fields: str = "", *, method: str = "GET") -> Message:
    return await house.ask(request(target, method=method, headers=fields))


@pytest.mark.parametrize(
    ("target", "body", "kind"),
    [
        ("/", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/?q=1", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/index.html", "<h1>home</h1>", "text/html; charset=utf-8"),
        ("/about", "about", "text/html; charset=utf-8"),
        ("/about.html", "about", "text/html; charset=utf-8"),
        ("/%61bout", "about", "text/html; charset=utf-8"),
        ("/docs/", "docs", "text/html; charset=utf-8"),
        ("/docs/a%20b.txt", "spaces", "text/plain; charset=utf-8"),
        ("/caf%C3%A9.txt", "unicode", "text/plain; charset=utf-8"),
        ("/assets/index-DiwrgTda.js", "code", "text/javascript; charset=utf-8"),
        ("/a%252fb%3f.txt", "odd", "text/plain; charset=utf-8"),
        ("/.well-known/security.txt", "contact", "text/plain; charset=utf-8"),
    ],
)
async def test_a_path_means_a_file(house: House, root: Path, target: str, body: str, kind: str) -> None:
    await house.serve(Site(1, root))
    for _ in range(2):
        answer = await get(house, target)
        assert (answer.status, answer.body.decode(), answer.get("content-type")) == (200, body, kind)
    head = await get(house, target, method="HEAD")
    assert (head.status, head.body, head.get("content-length")) == (200, b"", str(len(body)))
    assert {name for name, _ in head.headers} == {name for name, _ in answer.headers}


@pytest.mark.parametrize(
    "target",
    [
        "/nothing",
        "/empty/",
        "/empty",
        "/about.html/",
        "/about/",
        "/.env",
        "/.git/config",
        "/%2egit/config",
        "/docs/../.env",
        "/../outside.txt",
        "/..%2foutside.txt",
        "/%2e%2e/outside.txt",
        "/%2e%2e%2foutside.txt",
        "/docs/..%5c..%5coutside.txt",
        "/docs%2findex.html",
        "//docs/",
        "/docs//index.html",
        "/index.html%00",
        "/index.html%00.txt",
        "/%ff",
        "/%c0%ae%c0%ae/outside.txt",
        "/" + "a" * 300,
        "/" + "a/" * 3000,
        "//etc/passwd",
        "/etc/passwd",
        "/%252e%252e/outside.txt",
    ],
)
async def test_what_is_no_file_of_the_site_is_not_found(house: House, root: Path, target: str) -> None:
    await house.serve(Site(1, root))
    answer = await get(house, target)
    assert answer.status == 404
    assert b"outside" not in answer.body
    assert b"SECRET" not in answer.body


@pytest.mark.parametrize("link", ["file", "folder", "absolute", "chain", "hidden", "root", "loop"])
async def test_links_that_leave_the_site_or_reach_hidden_files_are_not_followed(
    house: House, root: Path, link: str
) -> None:
    match link:
        case "file":
            (root / "x.txt").symlink_to("../outside.txt")
        case "folder":
            (root / "x").symlink_to("..")
        case "absolute":
            (root / "x.txt").symlink_to(root.parent / "outside.txt")
        case "chain":
            (root / "y.txt").symlink_to("../outside.txt")
            (root / "x.txt").symlink_to("y.txt")
        case "hidden":
            (root / "x.txt").symlink_to(".env")
        case "root":
            (root / "x").symlink_to("/")
        case "loop":
            (root / "x").symlink_to("x")
            (root / "x.txt").symlink_to("y.txt")
            (root / "y.txt").symlink_to("x.txt")
    await house.serve(Site(1, root))
    for target in ("/x.txt", "/x/outside.txt", "/x/etc/passwd"):
        assert (await get(house, target)).status == 404


async def test_links_inside_the_site_are_followed_even_when_the_root_is_one(house: House, root: Path) -> None:
    (root / "same.html").symlink_to("about.html")
    (root.parent / "current").symlink_to("site")
    await house.serve(Site(1, root.parent / "current"))
    answer = await get(house, "/same")
    assert (answer.status, answer.body) == (200, b"about")


async def test_a_pipe_or_a_folder_in_place_of_a_file_is_not_found(house: House, root: Path) -> None:
    os.mkfifo(root / "pipe.txt")
    (root / "folder.txt").mkdir()
    await house.serve(Site(1, root))
    for target in ("/pipe.txt", "/folder.txt", "/folder.txt/"):
        assert (await get(house, target)).status == 404


async def test_a_root_that_is_not_there_is_not_found(house: House, tmp_path: Path) -> None:
    await house.serve(Site(1, tmp_path / "none", fallback="index.html", not_found="404.html"))
    assert (await get(house, "/")).status == 404


async def test_a_folder_without_its_slash_is_redirected_on_the_same_host(house: House, root: Path) -> None:
    await house.serve(Site(1, root))
    answer = await get(house, "/docs?q=1")
    assert (answer.status, answer.get("location")) == (301, "/docs/?q=1")
    assert (await get(house, "//evil.example/..")).get("location") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_a_site_answers_get_and_head_only(house: House, root: Path, method: str) -> None:
    await house.serve(Site(1, root))
    answer = await get(house, "/", method=method)
    assert (answer.status, answer.get("allow")) == (405, "GET, HEAD")


async def test_unknown_paths_of_a_single_page_app_are_its_page(house: House, root: Path) -> None:
    await house.serve(Site(1, root, fallback="index.html"))
    for target, fields in (("/users/7", ""), ("/users/j.doe", "Accept: text/html\r\n")):
        answer = await get(house, target, fields)
        assert (answer.status, answer.body) == (200, b"<h1>home</h1>")
        assert answer.get("content-type") == "text/html; charset=utf-8"
    assert (await get(house, "/assets/gone-12ab34cd.js", "Accept: */*\r\n")).status == 404
    assert (await get(house, "/.env", "Accept: text/html\r\n")).body != b"SECRET=1"
    assert (await get(house, "/about")).body == b"about"


async def test_a_site_may_bring_its_own_404_page(house: House, root: Path) -> None:
    await house.serve(Site(1, root, not_found="404.html"))
    answer = await get(house, "/nothing", "If-None-Match: *\r\nRange: bytes=0-1\r\n")
    assert (answer.status, answer.body) == (404, b"lost")
    assert house.gateway.signals("a").revisions[0].by_status == {"4xx": 1}


async def test_an_unchanged_file_is_not_sent_again(house: House, root: Path) -> None:
    await house.serve(Site(1, root))
    first = await get(house, "/about")
    tag, date = first.get("etag"), first.get("last-modified")
    for fields in (
        f"If-None-Match: {tag}\r\n",
        f'If-None-Match: "x", W/{tag}\r\n',
        "If-None-Match: *\r\n",
        f"If-Modified-Since: {date}\r\n",
    ):
        answer = await get(house, "/about", fields)
        assert (answer.status, answer.body, answer.get("etag")) == (304, b"", tag)
        assert answer.get("cache-control") == first.get("cache-control")
    for fields in (
        'If-None-Match: "x"\r\n',
        f'If-None-Match: "x"\r\nIf-Modified-Since: {date}\r\n',
        "If-Modified-Since: Mon, 01 Jan 2001 00:00:00 GMT\r\n",
        "If-Modified-Since: yesterday\r\n",
    ):
        assert (await get(house, "/about", fields)).status == 200


async def test_equal_bytes_have_one_tag_in_every_revision_and_other_bytes_another(house: House, tmp_path: Path) -> None:
    tags = []
    for number, text in enumerate(("same", "same", "else")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "index.html").write_text(text)
        os.utime(folder / "index.html", (0, 0))
        await house.serve(Site(number, folder))
        tags.append((await get(house, "/")).get("etag"))
    assert tags[0] == tags[1] != tags[2]


DIGITS = "0123456789"


@pytest.mark.parametrize(
    ("asked", "status", "body", "described"),
    [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=7-", 206, "789", "bytes 7-9/10"),
        ("bytes=-3", 206, "789", "bytes 7-9/10"),
        ("bytes=-30", 206, DIGITS, "bytes 0-9/10"),
        ("bytes=5-500", 206, "56789", "bytes 5-9/10"),
        ("Bytes=0-0", 206, "0", "bytes 0-0/10"),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=-0", 416, "", "bytes */10"),
        ("bytes=4-2", 200, DIGITS, None),
        ("bytes=0-1,4-5", 200, DIGITS, None),
        ("bytes=-", 200, DIGITS, None),
        ("bytes=x-y", 200, DIGITS, None),
        ("lines=0-1", 200, DIGITS, None),
        ("bytes=" + "9" * 100 + "-", 200, DIGITS, None),
    ],
)
async def test_one_range_of_a_file_is_served(
    house: House, root: Path, asked: str, status: int, body: str, described: str | None
) -> None:
    (root / "digits.txt").write_text(DIGITS)
    await house.serve(Site(1, root))
    answer = await get(house, "/digits.txt", f"Range: {asked}\r\n")
    assert (answer.status, answer.body.decode(), answer.get("content-range")) == (status, body, described)
    assert answer.get("content-length") == str(len(body))
    assert answer.get("accept-ranges") == "bytes"


async def test_a_range_of_another_version_is_the_whole_file(house: House, root: Path) -> None:
    await house.serve(Site(1, root))
    tag = (await get(house, "/about")).get("etag")
    assert (await get(house, "/about", f"Range: bytes=0-1\r\nIf-Range: {tag}\r\n")).status == 206
    assert (await get(house, "/about", 'Range: bytes=0-1\r\nIf-Range: "old"\r\n')).status == 200
    assert (await get(house, "/about", "Range: bytes=0-1\r\n", method="HEAD")).status == 200


async def test_compressed_files_beside_the_plain_ones_are_used(house: House, root: Path) -> None:
    packed = gzip.compress(b"about")
    (root / "about.html.gz").write_bytes(packed)
    (root / "about.html.br").write_bytes(b"brotli")
    await house.serve(Site(1, root))
    for accept, coding, body in (
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip;q=1.0, br;q=0", "gzip", packed),
        ("GZIP", "gzip", packed),
        ("gzip;q=0", None, b"about"),
        ("identity", None, b"about"),
    ):
        answer = await get(house, "/about", f"Accept-Encoding: {accept}\r\n")
        assert (answer.get("content-encoding"), answer.body) == (coding, body)
        assert (answer.get("vary"), answer.get("content-type")) == ("Accept-Encoding", "text/html; charset=utf-8")
    assert (await get(house, "/docs/", "Accept-Encoding: br\r\n")).get("vary") is None
    part = await get(house, "/about", "Accept-Encoding: br\r\nRange: bytes=0-1\r\n")
    assert (part.body, part.get("content-encoding")) == (b"ab", None)


async def test_a_large_file_comes_in_pieces_whole_or_in_part(house: House, root: Path) -> None:
    data = os.urandom(3 << 20) + b"end"
    (root / "large.bin").write_bytes(data)
    await house.serve(Site(1, root))
    wire = await house.wire()
    for fields, body in (("", data), ("Range: bytes=1000000-\r\n", data[1000000:]), ("Range: bytes=-3\r\n", b"end")):
        answer = await wire.ask(request("/large.bin", headers=fields))
        assert answer.body == body
        assert answer.get("content-type") == "application/octet-stream"
    tag = answer.get("etag")
    assert (await wire.ask(request("/large.bin", headers=f"If-None-Match: {tag}\r\n"))).status == 304
    assert (await wire.ask(request("/large.bin", method="HEAD"))).get("content-length") == str(len(data))


async def test_a_large_file_waits_for_a_slow_client_and_others_do_not(house: House, root: Path) -> None:
    size = 64 << 20
    with (root / "large.bin").open("wb") as file:
        file.truncate(size)
    await house.serve(Site(1, root))
    slow = await house.wire(receive_bytes=1 << 14)
    await slow.send(request("/large.bin"))
    await slow.read_head()
    (client,) = house.gateway._door.clients
    await until(lambda: client.write_paused)
    for _ in range(50):
        assert (await get(house, "/about")).status == 200
    assert client.write_paused
    assert client.transport.get_write_buffer_size() < 2 << 20


async def test_a_client_that_leaves_in_the_middle_of_a_large_file_ends_it(house: House, root: Path) -> None:
    with (root / "large.bin").open("wb") as file:
        file.truncate(64 << 20)
    await house.serve(Site(1, root))
    async with connected(house.port, receive_bytes=1 << 14) as wire:
        await wire.send(request("/large.bin"))
        await wire.read_head()
    await until(lambda: house.gateway.signals("a").revisions[0].in_flight == 0)


async def test_a_file_that_shrinks_while_it_is_sent_breaks_off(house: House, root: Path) -> None:
    path = root / "large.bin"
    with path.open("wb") as file:
        file.truncate(64 << 20)
    await house.serve(Site(1, root))
    wire = await house.wire(receive_bytes=1 << 14)
    await wire.send(request("/large.bin"))
    await wire.read_head()
    os.truncate(path, 0)
    assert len(await wire.read_all()) < 64 << 20


async def test_pipelined_requests_to_a_site_wait_for_a_client_that_does_not_read(house: House, root: Path) -> None:
    (root / "page.html").write_bytes(bytes(200_000))
    await house.serve(Site(1, root))
    wire = await house.wire(receive_bytes=1 << 14)
    await wire.send(request("/page.html") * 100)
    (client,) = house.gateway._door.clients
    await until(lambda: client.write_paused)
    assert client.transport.get_write_buffer_size() < 1 << 20
    for _ in range(100):
        assert len((await wire.read_response()).body) == 200_000


async def test_a_client_that_does_not_read_is_not_answered_further(house: House, root: Path) -> None:
    (root / "page.html").write_bytes(bytes(200_000))
    await house.serve(Site(1, root))
    wire = await house.wire(receive_bytes=1 << 14)
    (client,) = house.gateway._door.clients
    asked = 0
    while not client.write_paused:
        await wire.send(request("/page.html"))
        asked += 1
        assert (await get(house, "/nothing")).status == 404
    for _ in range(20):
        await wire.send(request("/page.html"))
        assert (await get(house, "/nothing")).status == 404
    assert client.transport.get_write_buffer_size() < 1 << 20
    for _ in range(asked + 20):
        assert len((await wire.read_response()).body) == 200_000


async def test_a_new_revision_of_a_site_is_served_at_once(house: House, root: Path, tmp_path: Path) -> None:
    await house.serve(Site(1, root))
    wire = await house.wire()
    assert (await wire.ask(request())).body == b"<h1>home</h1>"
    (tmp_path / "v2").mkdir()
    (tmp_path / "v2" / "index.html").write_text("v2")
    house.gateway.route("a", [(Site(2, tmp_path / "v2"), 100)])
    assert (await wire.ask(request())).body == b"v2"
    assert await house.gateway.drained("a", 1, 1)


@limited(file_cache_bytes=20_000)
async def test_what_is_held_in_memory_is_bounded(house: House, root: Path) -> None:
    for number in range(20):
        (root / f"{number}.txt").write_text(str(number) * 4000)
    await house.serve(Site(1, root))
    for _ in range(2):
        for number in range(20):
            assert (await get(house, f"/{number}.txt")).body == (str(number) * 4000).encode()
    assert house.gateway._door.shelf._bytes <= 20_000


async def test_many_clients_may_ask_for_one_file_at_once(house: House, root: Path) -> None:
    await house.serve(Site(1, root))
    answers = await asyncio.gather(*(get(house, "/about") for _ in range(50)))
    assert {answer.body for answer in answers} == {b"about"}


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("assets/index-DiwrgTda.js", True),
        ("assets/style-B4s1c9_x.css", True),
        ("static/js/main.8f3a2c1d.js", True),
        ("static/js/main.8f3a2c1d.js.map", True),
        ("_next/static/chunks/pages/index-abc.js", True),
        ("_astro/hoisted.js", True),
        ("_app/immutable/entry/start.js", True),
        ("_nuxt/entry.js", True),
        ("_nuxt/builds/latest.json", False),
        ("_app/version.json", False),
        ("index.html", False),
        ("assets/my-document.pdf", False),
        ("assets/jquery-migrated.js", False),
        ("assets/photo-IMG_1234.jpg", False),
        ("app.js", False),
        ("backup-20240101.js", False),
        ("deadbeef.js", False),
        ("data.feedface.json", False),
    ],
)
def test_only_what_names_its_content_is_kept_for_long(path: str, kept: bool) -> None:
    assert (b"immutable" in site.cache_control(path)) is kept


def test_media_types_do_not_depend_on_the_machine() -> None:
    assert media_type("a.b.WASM") == b"application/wasm"
    assert media_type("Makefile") == b"application/octet-stream"
    assert media_type("x.svg") == b"image/svg+xml; charset=utf-8"
