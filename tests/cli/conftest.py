"""The whole product for the commands that talk to it: once without a model, once with a stand-in for Gemini."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tests.journeys.conftest import DevGem, Folders


@dataclass(frozen=True)
class Product:
    devgem: DevGem
    google: str = ""

    @property
    def environ(self) -> dict[str, str]:
        return {"DEVGEM_DATA_DIR": str(self.devgem.data_dir)}

    def terminal(self, *arguments: str) -> Terminal:
        return Terminal(*arguments, environ=self.environ)

    def get(self, path: str) -> Any:
        control = self.devgem.control()
        request = urllib.request.Request(control["url"] + path, headers={"Authorization": f"Bearer {control['token']}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def will(self, *replies: dict[str, Any]) -> None:
        """What the model says, in Gemini's own JSON."""
        self._steer("script", replies)

    def fault(self, *faults: dict[str, Any]) -> None:
        self._steer("faults", {"gemini": faults})

    def _steer(self, what: str, body: object) -> None:
        request = urllib.request.Request(f"{self.google}/_standin/{what}", json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=20):
            pass


def saying(*pieces: str, **more: Any) -> dict[str, Any]:
    return {"chunks": [[{"text": piece}] for piece in pieces], **more}


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    devgem = DevGem(tmp_path_factory.mktemp("offline"))
    devgem.start()
    yield Product(devgem)
    devgem.stop()


@pytest.fixture(scope="session")
def google() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.standins.gemini"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as standin:
        assert standin.stdout is not None
        yield standin.stdout.readline().strip()
        standin.terminate()


@pytest.fixture(scope="session")
def gemini(tmp_path_factory: pytest.TempPathFactory, google: str) -> Iterator[Product]:
    environ = {
        "GEMINI_API_KEY": "a-key",
        "DEVGEM_GEMINI_URL": google,
        "DEVGEM_CONVERSATION_TOKENS": "100000",
        "NO_PROXY": os.environ.get("NO_PROXY", "") + ",127.0.0.1",
    }
    devgem = DevGem(tmp_path_factory.mktemp("gemini"), environ=environ)
    devgem.start()
    yield Product(devgem, google)
    devgem.stop()


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    return Folders(tmp_path_factory.mktemp("repositories"))


def lines_of(text: str) -> Sequence[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
