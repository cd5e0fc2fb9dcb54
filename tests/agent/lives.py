"""A process that answers a conversation, and can be killed at any point of it."""

import asyncio
import json
import multiprocessing
from pathlib import Path
from typing import Any

from dbos._dbos import _get_or_create_dbos_registry

from tests.agent.rig import Rig, Script, ToolCall, open_rig
from tests.pipeline.lives import Countdown, Death, MortalCloud, MortalStore

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.agent.lives"])
RESTART = ToolCall("restart", {"app": "shop"})


def live(folder: Path, scene: str, death: Death | None = None) -> int:
    """The exit code of a process that plays a scene: 0 when it came to its end, negative when it was killed."""
    process = _PROCESSES.Process(target=_live, args=(folder, scene, death))
    process.start()
    process.join(60)
    assert process.exitcode is not None
    return int(process.exitcode)


def _live(folder: Path, scene: str, death: Death | None) -> None:
    _get_or_create_dbos_registry()
    asyncio.run(_play(folder, scene, death))


async def _play(folder: Path, scene: str, death: Death | None) -> None:
    script = Script()
    async with open_rig(folder, script=script) as rig:
        if scene == "prepare":
            await rig.deploy("shop")
            (folder / "conversation").write_text(await rig.open())
            return
        conversation = (folder / "conversation").read_text()
        MortalStore.countdown = MortalCloud.countdown = Countdown(death)
        if scene == "asked":
            script.will(["I restart it. ", RESTART], ["Restarted."])
            await rig.answered(conversation, "restart shop")
        elif scene == "approved":
            script.will([RESTART], ["Restarted."])
            message = await rig.say(conversation, "is it well?")
            await rig.settled(conversation, message)
            await _approve(rig, conversation)
            await _ended(rig, conversation, message)
        elif scene == "deploy":
            repository = rig.house.repository("blog")
            script.will([ToolCall("deploy", {"source": repository.location})], ["Begun."])
            await rig.answered(conversation, f"deploy {repository.location}")
        else:
            await _look(rig, conversation, folder)


async def _approve(rig: Rig, conversation: str) -> None:
    (approval,) = await rig.conversations.pending(conversation)
    await rig.conversations.answer(conversation, approval.id, granted=True, digest=approval.digest, by="operator")


async def _ended(rig: Rig, conversation: str, message: str) -> None:
    async with asyncio.timeout(20):
        while True:
            async with rig.store.read() as transaction:
                if (await transaction.histories.of_message(conversation, message)).status == "ended":
                    return
            await asyncio.sleep(0.01)


async def _look(rig: Rig, conversation: str, folder: Path) -> None:
    """What is there after a restart, and whether the conversation goes on."""
    async with asyncio.timeout(20):
        while True:
            async with rig.store.read() as transaction:
                turns = await transaction.histories.of(conversation)
            if all(turn.status in ("ended", "waiting") for turn in turns):
                break
            await asyncio.sleep(0.01)
    waiting = [approval.id for approval in await rig.conversations.pending(conversation)]
    rig.script.will(["Still here."])
    await rig.answered(conversation, "hello?")
    seen: dict[str, Any] = {
        "waiting": waiting,
        "events": [(event.type, event.data) for event in await rig.events(conversation)],
        "restarts": rig.cloud.acts("restart.called"),
        "deployments": len(await _deployments(rig)),
    }
    (folder / "seen.json").write_text(json.dumps(seen))


async def _deployments(rig: Rig) -> list[Any]:
    async with rig.store.read() as transaction:
        return [row for row in await transaction.deployments.page() if row.app == "blog"]
