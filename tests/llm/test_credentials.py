"""Vertex AI is opened by Application Default Credentials, as they are set up on the machine."""

from pathlib import Path

import pytest
from pydantic_ai import Agent

from devgem.llm.google import GoogleModels
from tests.llm.rig import routed
from tests.standins.gemini.credentials import write_service_account


async def test_a_service_account_signs_in_and_its_token_opens_vertex(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with routed("vertex/us-central1") as rig:
        write_service_account(tmp_path / "account.json", rig.google.url)
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        await rig.routes.models.close()
        rig.routes.models = GoogleModels(read_seconds=30)
        assert (await Agent(rig.model()).run("hi")).output
        assert rig.asked() == ["us-central1"]


async def test_without_credentials_the_next_provider_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with routed() as rig:
        (tmp_path / "account.json").write_text("{}")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "account.json"))
        await rig.routes.models.close()
        rig.routes.models = GoogleModels(read_seconds=30)
        assert (await Agent(rig.model()).run("hi")).output
        assert rig.asked() == ["gemini"]
