from pathlib import Path

import pytest

from devgem.cli.variables import pairs, read_env_file
from devgem.domain.errors import InvalidInput


def test_an_env_file_is_read_as_others_read_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        '# comment\n\nA=1\nexport B = two \nC=\'single # \\n\'\nD="line\\nbreak \\"q\\""\nE=value # note\nF=\nG=a=b\n'
    )
    expected = {"A": "1", "B": "two", "C": "single # \\n", "D": 'line\nbreak "q"', "E": "value", "F": "", "G": "a=b"}
    assert read_env_file(file) == expected


@pytest.mark.parametrize("text", ["no equals", "1A=x", "A B=x", "=x"])
def test_a_line_that_is_none_is_an_error_without_its_value(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".env"
    file.write_text(text + "\n")
    with pytest.raises(InvalidInput) as raised:
        read_env_file(file)
    assert raised.value.fix


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.env"):
        read_env_file(tmp_path / "nowhere.env")


def test_pairs_keep_everything_after_the_first_equals_sign() -> None:
    assert pairs(["A=b=c", "D="]) == {"A": "b=c", "D": ""}


def test_a_value_without_a_name_is_not_repeated_in_the_error() -> None:
    with pytest.raises(InvalidInput) as raised:
        pairs(["hunter2secret"])
    assert "hunter2secret" not in raised.value.message + raised.value.fix
