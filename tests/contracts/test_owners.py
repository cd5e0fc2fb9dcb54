"""In a transaction of one user the apps and conversations of others are not there; the same in every database."""

from datetime import UTC, datetime

import pytest

from devgem.domain.app import App, Repository
from devgem.domain.errors import NotFound
from devgem.domain.event import EventType
from devgem.store import Conversation, Fact, GitHubGrant, GrantKind, Order, Store, apps_stream

NOW = datetime(2026, 11, 29, tzinfo=UTC)
ANN, BEN = "github:1", "github:2"
REPOSITORY = Repository("https://github.com/ann/shop")


async def with_an_app(store: Store, owner: str, name: str = "shop") -> None:
    async with store.write(owner=owner) as transaction:
        await transaction.apps.add(App(name, REPOSITORY, "local", NOW))
        await transaction.config_vars.set(name, {"KEY": "canary"}, build=False)
        requested = Fact(EventType.DEPLOYMENT_REQUESTED, {"app": name, "deployment": f"dep_{name}"})
        order = Order(REPOSITORY, "local", own=False, reason="request")
        await transaction.deployments.add(f"dep_{name}", name, order, requested)


async def test_an_app_and_what_hangs_on_it_are_its_owners(store: Store) -> None:
    await with_an_app(store, ANN)
    for owner, finds in ((ANN, True), (None, True), (BEN, False), ("operator", False)):
        async with store.read(owner=owner) as transaction:
            assert (await transaction.apps.find("shop") is not None) is finds
            assert bool(await transaction.apps.page()) is finds
            assert bool(await transaction.apps.of_repository(REPOSITORY.location, ".")) is finds
            assert (await transaction.deployments.find("dep_shop") is not None) is finds
            assert bool(await transaction.deployments.page()) is finds
            assert bool(await transaction.deployments.latest()) is finds
            assert bool(await transaction.config_vars.values("shop", build=False)) is finds
            assert bool(await transaction.config_vars.of("shop")) is finds
            assert await transaction.apps.is_taken("shop")
    async with store.read(owner=BEN) as transaction:
        with pytest.raises(NotFound):
            await transaction.deployments.get("dep_shop")
        with pytest.raises(NotFound):
            await transaction.apps.get("shop", lock=True)


async def test_the_stream_of_apps_is_one_per_user(store: Store) -> None:
    await with_an_app(store, ANN)
    assert [event.data["app"] for event in await store.events(apps_stream(ANN))] == ["shop"]
    assert (await store.state(apps_stream(BEN))).head == 0


async def test_the_next_owner_of_a_name_does_not_see_what_was_told_of_it_before(store: Store) -> None:
    await with_an_app(store, ANN)
    async with store.write() as transaction:
        await transaction.apps.remove("shop")
    await with_an_app(store, BEN)
    state = await store.state("app:shop")
    assert (state.first, state.head) == (2, 2)
    async with store.write() as transaction:
        await transaction.apps.remove("shop")
    await with_an_app(store, BEN)
    assert [event.seq for event in await store.events("app:shop")] == [2, 3]  # its own history goes on


async def test_a_conversation_is_its_owners(store: Store) -> None:
    async with store.write(owner=ANN) as transaction:
        await transaction.conversations.add(Conversation("cnv_1", "Mine", NOW))
        await transaction.histories.add(
            "trn_1", "cnv_1", user=ANN, message="msg_1", said="hello", secrets={"KEY": "canary"}
        )
    assert await store.owner_of("cnv_1") == ANN
    async with store.write(owner=BEN) as transaction:
        assert await transaction.conversations.page() == []
        assert await transaction.histories.of("cnv_1") == []
        assert await transaction.approvals.pending("cnv_1") == []
        await transaction.conversations.rename("cnv_1", "Theirs")
        for look in (transaction.conversations.get("cnv_1"), transaction.histories.get("trn_1")):
            with pytest.raises(NotFound):
                await look
    async with store.read(owner=ANN) as transaction:
        found = await transaction.conversations.get("cnv_1")
        assert (found.title, found.pinned, found.updated_at) == ("Mine", False, NOW)


async def test_a_grant_is_sealed_with_its_user_and_refreshed_once(store: Store) -> None:
    grant = GitHubGrant(ANN, GrantKind.APP, "ghu_first", "ghr_first", (), NOW)
    async with store.write() as transaction:
        await transaction.github_grants.put(grant)
    newer = GitHubGrant(ANN, GrantKind.APP, "ghu_second", "ghr_second", (), NOW, version=1)
    async with store.write() as transaction:
        assert await transaction.github_grants.refresh(newer)
        assert not await transaction.github_grants.refresh(newer)  # somebody was first
        await transaction.github_grants.mark_revoked(ANN, 0)  # that version is gone already
    async with store.read() as transaction:
        assert await transaction.github_grants.find(ANN) == newer
        assert await transaction.github_grants.find(BEN) is None


async def test_a_sign_in_is_taken_up_once_and_in_time(store: Store) -> None:
    later = NOW.replace(hour=1)
    async with store.write() as transaction:
        await transaction.sign_ins.begin("github", "state", {"next": "/"}, now=NOW, expires_at=later)
        assert await transaction.sign_ins.find("device", "state", now=NOW) is None
        assert await transaction.sign_ins.take("github", "state", now=later) is None
    async with store.write() as transaction:
        assert await transaction.sign_ins.take("github", "state", now=NOW) == {"next": "/"}
        assert await transaction.sign_ins.take("github", "state", now=NOW) is None
