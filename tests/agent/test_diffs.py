"""What is accepted was shown: a diff that is too long for one event comes in pages of whole hunks."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devgem.domain.errors import Conflict
from tests.agent.rig import Rig, ToolCall, of, open_rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(tmp_path) as rig:
        yield rig


async def proposed(rig: Rig, files: dict[str, str]) -> tuple[str, dict[str, Any]]:
    await rig.deploy("shop")
    conversation = await rig.open()
    rig.script.will(
        *([ToolCall("write_file", {"app": "shop", "path": path, "text": text})] for path, text in files.items()),
        ["Done."],
    )
    await rig.answered(conversation, "write them")
    *_, edit = of(await rig.events(conversation), "edit.proposed")
    return conversation, edit


async def test_a_long_diff_is_accepted_only_by_the_hunks_that_were_looked_up(rig: Rig) -> None:
    files = {f"{name}.txt": "".join(f"{name} {line}\n" for line in range(1500)) for name in "abc"}
    conversation, edit = await proposed(rig, files)
    assert [file["path"] for file in edit["files"]] == ["a.txt"]
    assert edit["rest"] == {"files": 2, "lines": 3000, "next": 1}
    id = str(edit["edit"])
    with pytest.raises(Conflict, match="not shown whole"):
        await rig.conversations.edit(conversation, id, accept=True)
    seen, after = list(edit["files"]), 1
    while after:
        page = await rig.conversations.rest_of(conversation, id, after)
        seen += page.files
        after = page.rest["next"] if page.rest else 0
    assert {file["path"]: "".join(f"{line[1:]}\n" for line in file["hunks"][0]["lines"]) for file in seen} == files
    hunks = [hunk["hunk"] for file in seen for hunk in file["hunks"]]
    await rig.conversations.edit(conversation, id, accept=True, hunks=hunks)
    (applied,) = of(await rig.events(conversation), "edit.applied")
    assert applied["accepted"] == hunks


async def test_a_hunk_that_is_longer_than_a_page_is_shown_whole_when_asked_for(rig: Rig) -> None:
    conversation, edit = await proposed(rig, {"long.txt": "line\n" * 5000})
    assert (edit["files"], edit["rest"]) == ([], {"files": 1, "lines": 5000, "next": 0})
    page = await rig.conversations.rest_of(conversation, str(edit["edit"]), 0)
    assert page.rest is None
    assert len(page.files[0]["hunks"][0]["lines"]) == 5000


async def test_a_short_diff_is_whole(rig: Rig) -> None:
    conversation, edit = await proposed(rig, {"a.txt": "one\n", "empty.txt": ""})
    assert edit["rest"] is None
    await rig.conversations.edit(conversation, str(edit["edit"]), accept=True)
