"""Names that users choose, and ids that DevGem makes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.errors import InvalidInput
from devgem.domain.ids import app_name_from, check_app_name, check_env_name, new_id


def test_ids_are_unique_and_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    for milliseconds in (1, 2, 1_000, 1 << 40, (1 << 48) - 1):
        monkeypatch.setattr("time.time_ns", lambda milliseconds=milliseconds: milliseconds * 1_000_000)
        ids.append(new_id("dep"))
    assert ids == sorted(ids)
    assert len({new_id("dep") for _ in range(1000)}) == 1000
    assert all(len(id) == len("dep_") + 26 for id in ids)


@given(st.text())
def test_whatever_a_repository_is_called_it_suggests_a_valid_name(text: str) -> None:
    assert check_app_name(app_name_from(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Hello World", "hello-world"),
        ("flask_app.py", "flask-app-py"),
        ("42-is-it", "is-it"),
        ("---", "app"),
        ("", "app"),
    ],
)
def test_the_suggested_name_is_close_to_the_repositorys(text: str, name: str) -> None:
    assert app_name_from(text) == name


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "1a", "a" * 41, "a.b", "a_b", "é", "a\n", "../a", "a b"])
def test_what_is_no_dns_label_is_no_app_name(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid app name"):
        check_app_name(name)


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "A" * 129])
def test_what_no_shell_could_name_is_no_config_var(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid config var name"):
        check_env_name(name)


@pytest.mark.parametrize("name", ["A", "_a", "PATH_2", "A" * 128])
def test_usual_names_of_config_vars_are_taken(name: str) -> None:
    assert check_env_name(name) == name
