from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.app import Repository
from devgem.domain.errors import SourceError
from devgem.domain.ids import check_app_name
from devgem.source import parse_source, suggested_name
from devgem.source.location import check_ref, parse_address


def code_of(text: str, **more: object) -> str:
    with pytest.raises(SourceError) as caught:
        parse_source(text, **more)  # type: ignore[arg-type]
    assert caught.value.fix
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pallets/flask", Repository("https://github.com/pallets/flask")),
        (" pallets/flask \n", Repository("https://github.com/pallets/flask")),
        ("https://github.com/pallets/flask.git", Repository("https://github.com/pallets/flask")),
        ("http://www.GitHub.com/pallets/flask/", Repository("https://github.com/pallets/flask")),
        ("github.com/pallets/flask", Repository("https://github.com/pallets/flask")),
        ("https://github.com/a/b?tab=readme#top", Repository("https://github.com/a/b")),
        ("https://github.com/a/b/issues/12", Repository("https://github.com/a/b")),
        ("https://github.com/a/b/tree/v1/apps/web", Repository("https://github.com/a/b", "v1", "apps/web")),
        ("https://github.com/a/b/commit/0a1b2c3d", Repository("https://github.com/a/b", "0a1b2c3d")),
        ("gitlab.com/group/sub/app", Repository("https://gitlab.com/group/sub/app")),
        ("https://Git.Example.org:8443/a/b.git/", Repository("https://git.example.org:8443/a/b.git")),
        ("https://example.org:443/a", Repository("https://example.org/a")),
        ("git@github.com:a/b.git", Repository("ssh://git@github.com/a/b.git")),
        ("ssh://git@[2001:DB8::1]/a/b", Repository("ssh://git@[2001:db8::1]/a/b")),
        ("ssh://deploy@example.org:2222/~/app", Repository("ssh://deploy@example.org:2222/~/app")),
        ("git+ssh://git@example.org/a", Repository("ssh://git@example.org/a")),
        ("file:///srv/git/app.git", Repository("file:///srv/git/app.git")),
        ("/srv/app", Repository("/srv/app")),
        ("git@example.org:--upload-pack=id", Repository("ssh://git@example.org/--upload-pack=id")),
    ],
)
def test_what_people_type_becomes_a_repository(text: str, expected: Repository) -> None:
    assert parse_source(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_source"),
        ("flask", "bad_source"),
        ("--upload-pack=touch /tmp/x", "bad_source"),
        ("-oProxyCommand=x:y", "bad_source"),
        ("a/b/c", "bad_source"),
        ("https://", "unsupported_scheme"),
        ("https:///path", "bad_source"),
        ("https://example.org", "bad_source"),
        ("https://example.org/a b", "bad_source"),
        ("https://example.org/a\nb", "bad_source"),
        ("https://exa\tmple.org/a", "bad_source"),
        ("https://example.org\\@evil.org/a", "bad_source"),
        ("https://example.org/../../etc", "bad_source"),
        ("https://example.org/%2e%2e/etc", "bad_source"),
        ("https://example.org/a%0ab", "bad_source"),
        ("https://example.org/a%2f..%2fb", "bad_source"),
        ("https://example.org/a?x=y", "bad_source"),
        ("https://example.org/a#b", "bad_source"),
        ("https://example.org:99999/a", "bad_source"),
        ("https://example.org:x/a", "bad_source"),
        ("https://-example.org/a", "bad_source"),
        ("https://ex_ample..org/a", "bad_source"),
        ("https://bücher.example/a", "bad_source"),
        ("https://①②⑦.0.0.1/a", "bad_source"),
        ("https://2130706433/a", "bad_source"),
        ("https://0x7f.1/a", "bad_source"),
        ("https://0177.0.0.1/a", "bad_source"),
        ("https://127.1/a", "bad_source"),
        ("https://[fe80::1%25eth0]/a", "bad_source"),
        ("ssh://-oProxyCommand=id/a", "bad_source"),
        ("ssh://-x@example.org/a", "bad_source"),
        ("https://user:secret@example.org/a", "credentials_in_url"),
        ("https://ghp_secret@github.com/a/b", "credentials_in_url"),
        ("ssh://git:secret@example.org/a", "credentials_in_url"),
        ("ext::sh -c id", "unsupported_scheme"),
        ("EXT::sh -c id", "unsupported_scheme"),
        ("fd::17/foo", "unsupported_scheme"),
        ("git://example.org/a", "unsupported_scheme"),
        ("ftp://example.org/a", "unsupported_scheme"),
        ("gopher://example.org/a", "unsupported_scheme"),
        ("javascript:alert(1)", "unsupported_scheme"),
        ("file://evil.example/share", "bad_source"),
        ("file:relative", "bad_source"),
    ],
)
def test_an_address_that_could_mean_something_else_is_refused(text: str, code: str) -> None:
    assert code_of(text) == code


@pytest.mark.parametrize(
    "text", ["https://u:hunter2@example.org/a", "https://u:hunt/er2@h/a", "https://u:a@hunter2@h/a"]
)
def test_a_password_in_an_address_is_not_repeated(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_source(text)
    assert "hunt" not in caught.value.message + caught.value.fix


def test_a_folder_wins_over_a_repository_of_that_name_only_when_it_exists(tmp_path: Path) -> None:
    (tmp_path / "owner" / "repo").mkdir(parents=True)
    assert parse_source("owner/repo", cwd=tmp_path) == Repository(str(tmp_path / "owner/repo"))
    assert parse_source("owner/other", cwd=tmp_path) == Repository("https://github.com/owner/other")
    assert parse_source("owner/repo") == Repository("https://github.com/owner/repo")


@pytest.mark.parametrize(
    ("text", "folder"), [(".", "."), ("./x", "x"), ("..", ".."), ("../y", "../y"), ("owner", "owner")]
)
def test_a_relative_folder_is_below_the_working_directory(text: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "here" / "owner").mkdir(parents=True)
    here = tmp_path / "here"
    assert parse_source(text, cwd=here) == Repository(str((here / folder).resolve()))


def test_the_home_folder_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert parse_source("~/app", cwd=Path("/")) == Repository(f"{tmp_path}/app")


def test_a_bare_repository_in_a_folder_is_an_address(tmp_path: Path) -> None:
    for name in ("objects", "refs", "HEAD"):
        (tmp_path / "my app.git" / name).mkdir(parents=True)
    found = parse_source("./my app.git", cwd=tmp_path)
    assert found == Repository(f"file://{tmp_path}/my%20app.git")
    assert suggested_name(found) == "my-app"


@pytest.mark.parametrize("text", [".", "./app", "/etc", "~", "~/x", "file:///etc", "FILE:///etc", "file:/etc"])
def test_callers_who_are_not_the_operator_cannot_name_local_files(text: str, tmp_path: Path) -> None:
    assert code_of(text, folders=False, cwd=tmp_path) == "local_source_refused"


def test_an_existing_folder_does_not_shadow_a_repository_for_other_callers(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert parse_source("a/b", folders=False, cwd=tmp_path) == Repository("https://github.com/a/b")


def test_ref_and_dir_that_are_given_win_over_those_of_a_page() -> None:
    page = "https://github.com/a/b/tree/main/web"
    assert parse_source(page, ref="v2", dir="api/") == Repository("https://github.com/a/b", "v2", "api")


@pytest.mark.parametrize("dir", ["..", "../x", "a/../../x", "/etc", "a\nb", "x" * 2000])
def test_a_dir_outside_the_repository_is_refused(dir: str) -> None:
    assert code_of("a/b", dir=dir) == "bad_dir"


REFUSED_REFS = (
    "-x", "--upload-pack=id", "+main", "^main", "a..b", "a b", "a~1", "a:b", "a?", "a*", "a[b", "a\\b", "@", "a@{1}",
    "a/", "/a", ".a", "a.", "a/.b", "a.lock", "a.lock/b", "a//b", "a\nb", "a\x7f", "a\u202eb", "x" * 300, "\ud800",
)  # fmt: skip


@pytest.mark.parametrize("ref", REFUSED_REFS)
def test_a_ref_that_git_could_read_as_something_else_is_refused(ref: str) -> None:
    assert code_of("a/b", ref=ref) == "bad_ref"


@pytest.mark.parametrize(
    "ref", ["main", "feature/x-1", "v1.0", "refs/pull/1/head", "0a1b2c3", "a" * 40, "münchen", "x-"]
)
def test_a_ref_that_names_something_is_kept(ref: str) -> None:
    assert parse_source("a/b", ref=ref).ref == ref


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_checked_repository_or_a_named_error(text: str) -> None:
    try:
        found = parse_source(text, folders=False)
    except SourceError as error:
        assert error.fix
        return
    assert found.location.startswith(("https://", "http://", "ssh://"))
    assert str(parse_address(found.location)) == found.location
    check_app_name(suggested_name(found))


@given(
    st.sampled_from(["https://", "http://", "ssh://", "git@", "", "git+https://"]),
    st.text("abz09.-_@:[]%/\\?#~ \t\né①", max_size=30),
)
def test_an_address_survives_being_read_again(prefix: str, rest: str) -> None:
    try:
        found = parse_source(prefix + rest, folders=False)
    except SourceError:
        return
    assert parse_source(found.location, ref=found.ref, dir=found.dir, folders=False) == found
    assert found.location.isascii() and found.location.isprintable() and " " not in found.location


@given(st.text(max_size=30))
def test_a_ref_that_is_taken_is_one_plain_word(ref: str) -> None:
    try:
        check_ref(ref)
    except SourceError:
        return
    assert ref[0] not in "-+/." and not set(ref) & set("\0\n\r\t :?*[\\^~") and ".." not in ref


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        (Repository("https://github.com/Acme/My_Shop"), "my-shop"),
        (Repository("ssh://git@example.org/a/app.git"), "app"),
        (Repository("https://github.com/acme/shop", dir="apps/web"), "shop-web"),
        (Repository("/home/ada/todo"), "todo"),
        (Repository("/"), "app"),
        (Repository("https://github.com/a/123"), "app"),
    ],
)
def test_a_name_is_suggested_by_the_repository_and_its_folder(repository: Repository, name: str) -> None:
    assert suggested_name(repository) == name
