"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

from devgem.config import Settings
from devgem.domain.event import EventType

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "devgem"
ROOMS = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))
FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_begins_with_its_charter(room: Path) -> None:
    charter = ast.get_docstring(ast.parse((room / "__init__.py").read_text()))
    assert charter
    assert len(charter.splitlines()) == 1


def test_no_command_of_ours_is_a_shell_string() -> None:
    """T-31, and the class of faults that it stands for."""
    shell = re.compile(r"shell\s*=\s*True|create_subprocess_shell|os\.system\(|os\.popen\(|getoutput\(")
    assert [path for path in FILES if shell.search(path.read_text())] == []


def test_broad_excepts_are_rare_and_say_why() -> None:
    """One that raises again only cleans up, and is none."""
    broad = [
        (path.name, lines[handler.lineno - 1])
        for path in FILES
        for lines in [path.read_text().splitlines()]
        for handler in ast.walk(ast.parse("\n".join(lines)))
        if isinstance(handler, ast.ExceptHandler) and _is_broad(handler) and not _raises_again(handler)
    ]
    total = sum(len(path.read_text().splitlines()) for path in FILES)
    assert len(broad) <= 0.3 * total / 1000, broad
    assert all("#" in line for _, line in broad), broad


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or getattr(handler.type, "id", "") in ("Exception", "BaseException")


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = field.validation_alias or f"DEVGEM_{name.upper()}"
        assert f"`{variable}`" in text, variable


def test_every_command_is_documented_in_its_help() -> None:
    from devgem.cli.program import build

    for command in build().registered_commands:
        assert command.callback is not None
        assert command.callback.__doc__, command.callback.__name__


def test_events_are_nouns_with_a_past_tense() -> None:
    for event in EventType:
        assert re.fullmatch(r"log|[a-z]+\.[a-z_]+", event.value)


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


def test_every_link_in_the_docs_leads_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
