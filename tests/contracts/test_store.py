"""Apps, deployments, revisions, config vars, sessions, idempotency keys: the same in every database."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from devgem.domain.app import App, Commit, Image, Repository, Revision, Traffic
from devgem.domain.deployment import Status
from devgem.domain.errors import Conflict, IllegalTransition, InvalidInput, NotFound, Unavailable
from devgem.domain.plan import BuildPlan, Evidence, Kind, Stack, StaticSite
from devgem.store import Answer, Conversation, Fact, Order, Replay, Store

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REPOSITORY = Repository("https://example.com/hello.git", "main", "web")
ORDER = Order(REPOSITORY, "local", own=True, reason="request")
PLAN = BuildPlan(
    Stack("node", "vite", kind=Kind.STATIC, evidence=(Evidence("framework", "vite", "package.json", 3),)),
    install=(("npm", "ci"),),
    static=StaticSite(None, candidates=("dist", "build")),
    build_env={"CI": "1"},
)


async def add_app(store: Store, name: str = "hello") -> None:
    async with store.write() as transaction:
        await transaction.apps.add(App(name, REPOSITORY, "local", NOW))


async def add_deployment(store: Store, id: str = "dep_1", app: str = "hello") -> None:
    async with store.write() as transaction:
        requested = Fact("deployment.requested", {"deployment": id, "app": app})
        await transaction.deployments.add(id, app, ORDER, requested)


async def record(store: Store, id: str, type: str, **data: object) -> None:
    async with store.write() as transaction:
        await transaction.deployments.record(id, [Fact(type, data)])


async def test_an_app_comes_back_as_it_was_added(store: Store) -> None:
    await add_app(store)
    async with store.read() as transaction:
        row = await transaction.apps.get("hello")
    assert row.app == App("hello", REPOSITORY, "local", NOW)
    assert (row.live, row.url, row.traffic, row.push_paused, row.holder) == (None, None, {}, False, None)


async def test_an_app_that_is_added_twice_stays_the_first_one(store: Store) -> None:
    await add_app(store)
    async with store.write() as transaction:
        await transaction.apps.add(App("hello", Repository("/elsewhere"), "local", NOW))
        assert (await transaction.apps.get("hello")).app.repository == REPOSITORY


async def test_apps_are_listed_by_name_page_by_page(store: Store) -> None:
    for name in ("b", "a", "c"):
        await add_app(store, name)
    async with store.read() as transaction:
        assert [row.name for row in await transaction.apps.page(limit=2)] == ["a", "b"]
        assert [row.name for row in await transaction.apps.page(after="b")] == ["c"]


async def test_the_live_revision_is_the_one_with_most_of_the_traffic(store: Store) -> None:
    await add_app(store)
    async with store.write() as transaction:
        await transaction.apps.set_traffic("hello", Traffic({3: 10, 4: 90}), "http://hello.localhost")
        row = await transaction.apps.get("hello")
    assert (row.live, row.url) == (4, "http://hello.localhost")


async def test_removing_an_app_removes_what_it_had_and_keeps_its_history(store: Store) -> None:
    await add_app(store)
    await add_deployment(store)
    async with store.write() as transaction:
        await transaction.config_vars.set("hello", {"A": "1"}, build=False)
        await transaction.apps.remove("hello")
    async with store.read() as transaction:
        assert await transaction.apps.find("hello") is None
        assert not await transaction.deployments.page(app="hello")
        assert not await transaction.config_vars.of("hello")
    assert [event.type for event in await store.events("deployment:dep_1")] == ["deployment.requested"]


async def test_a_deployment_is_the_fold_of_its_events_and_its_app_hears_of_it(store: Store) -> None:
    await add_deployment(store)
    await record(store, "dep_1", "deployment.started", deployment="dep_1")
    await record(store, "dep_1", "step.started", step="fetch", usual_seconds=None)
    await store.append("deployment:dep_1", [Fact("log", {"text": "hi", "stream": "out", "step": "fetch"})] * 3)
    await record(store, "dep_1", "step.finished", step="fetch", seconds=1.5, commit="c" * 40)
    await store.append("deployment:dep_1", [Fact("log", {"text": "hi", "stream": "out", "step": "plan"})] * 2)

    async with store.read() as transaction:
        row = await transaction.deployments.get("dep_1")
    assert row.order == ORDER
    assert (row.state.status, row.state.commit, row.state.log_lines, row.state.seq) == ("running", "c" * 40, 5, 9)
    assert row.state.steps["fetch"].status == "done"
    for stream in ("app:hello", "apps:operator"):
        assert [event.type for event in await store.events(stream)] == ["deployment.requested", "deployment.started"]


async def test_an_event_that_may_not_follow_is_not_appended(store: Store) -> None:
    await add_deployment(store)
    with pytest.raises(IllegalTransition):
        await record(store, "dep_1", "deployment.live", url=None)
    assert (await store.state("deployment:dep_1")).head == 1
    assert (await store.state("apps:operator")).head == 1


async def test_of_many_ends_only_one_is_appended(store: Store, other_store: Store) -> None:
    await add_deployment(store)
    await record(store, "dep_1", "deployment.started")
    ends = ["deployment.live", "deployment.failed", "deployment.cancelled"] * 4
    outcomes = await asyncio.gather(
        *(record((store, other_store)[n % 2], "dep_1", end) for n, end in enumerate(ends)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert len(await store.events("deployment:dep_1")) == 3


async def test_what_the_steps_find_comes_back(store: Store) -> None:
    await add_deployment(store)
    commit, image = Commit("a" * 40, dirty=True, subject="é"), Image("sha256:" + "b" * 64, 7)
    async with store.write() as transaction:
        await transaction.deployments.found("dep_1", commit=commit)
        await transaction.deployments.found("dep_1", plan=PLAN, image=image)
        row = await transaction.deployments.get("dep_1")
    assert (row.commit, row.plan, row.image) == (commit, PLAN, image)


async def test_deployments_are_listed_newest_first(store: Store) -> None:
    for id, app in (("dep_1", "a"), ("dep_2", "b"), ("dep_3", "a")):
        await add_deployment(store, id, app)
    await record(store, "dep_3", "deployment.cancelled")
    async with store.read() as transaction:
        deployments = transaction.deployments
        assert [row.id for row in await deployments.page(app="a")] == ["dep_3", "dep_1"]
        assert [row.id for row in await deployments.page(before="dep_3", limit=1)] == ["dep_2"]
        assert [row.id for row in await deployments.page(statuses=[Status.WAITING])] == ["dep_2", "dep_1"]
        assert {app: row.id for app, row in (await deployments.latest()).items()} == {"a": "dep_3", "b": "dep_2"}


async def test_a_revision_keeps_its_config_vars_and_gets_one_number(store: Store) -> None:
    await add_app(store)
    async with store.write() as transaction:
        number = await transaction.apps.next_revision("hello")
        revision = Revision("hello", number, "dep_1", Image("sha256:1"), PLAN, {"TOKEN": "s3cret"})
        await transaction.revisions.add(revision, commit="a" * 40)
        assert await transaction.apps.next_revision("hello") == 2
        assert await transaction.revisions.of_deployment("dep_1") == revision
        assert await transaction.revisions.get("hello", 1) == revision
        await transaction.revisions.mark_served("hello", 1)
        (row,) = await transaction.revisions.of("hello")
        assert (row.number, row.commit, row.served) == (1, "a" * 40, True)
        with pytest.raises(NotFound):
            await transaction.revisions.get("hello", 2)


async def test_an_equal_build_is_found_until_its_image_is_lost(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.builds.add("hello", "print", Image("sha256:1", 5), "dep_1")
        assert await transaction.builds.find("hello", "print") == (Image("sha256:1", 5), "dep_1")
        assert await transaction.builds.find("other", "print") is None
        await transaction.builds.forget("hello", "sha256:1")
        assert await transaction.builds.find("hello", "print") is None


async def test_config_vars_for_builds_and_for_running_are_kept_apart(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.config_vars.set("hello", {"A": "run", "B": "2"}, build=False)
        await transaction.config_vars.set("hello", {"A": "build"}, build=True)
        await transaction.config_vars.set("hello", {"B": "3"}, build=False)
        assert await transaction.config_vars.values("hello", build=False) == {"A": "run", "B": "3"}
        assert await transaction.config_vars.values("hello", build=True) == {"A": "build"}
        await transaction.config_vars.unset("hello", ["A"], build=False)
        listed = [(var.name, var.build) for var in await transaction.config_vars.of("hello")]
    assert listed == [("A", True), ("B", False)]


async def test_a_config_var_is_encrypted_and_bound_to_its_place(store: Store, database_url: str) -> None:
    async with store.write() as transaction:
        await transaction.config_vars.set("hello", {"TOKEN": "hunter2hunter2"}, build=False)
        await transaction.revisions.add(
            Revision("hello", 1, "dep_1", Image("sha256:1"), PLAN, {"TOKEN": "hunter2hunter2"}), commit=""
        )
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        rows = [*connection.execute(sa.text("SELECT value FROM config_vars")).scalars()]
        rows += connection.execute(sa.text("SELECT env FROM revisions")).scalars()
        assert all(b"hunter2" not in bytes(row) for row in rows)
        connection.execute(sa.text("UPDATE config_vars SET app = 'other'"))
    engine.dispose()
    async with store.read() as transaction:
        with pytest.raises(Unavailable, match="cannot be decrypted"):
            await transaction.config_vars.values("other", build=False)


async def test_another_key_opens_nothing(store: Store, database_url: str) -> None:
    async with store.write() as transaction:
        await transaction.config_vars.set("hello", {"TOKEN": "hunter2"}, build=False)
    other = await Store.open(database_url, key=b"x" * 32)
    async with other.read() as transaction:
        with pytest.raises(Unavailable) as raised:
            await transaction.config_vars.values("hello", build=False)
    await other.close()
    assert raised.value.code == "wrong_secret_key"
    assert "DEVGEM_SECRET_KEY" in raised.value.fix


async def test_the_usual_seconds_are_the_median_of_the_last_five(store: Store) -> None:
    async with store.write() as transaction:
        assert await transaction.durations.usual("hello", "build") is None
        for seconds in (100, 100, 1, 2, 3, 4, 50):
            await transaction.durations.add("hello", "build", seconds)
        assert await transaction.durations.usual("hello", "build") == 3
        assert await transaction.durations.usual("hello", "fetch") is None


async def test_a_session_ends_by_age_by_idleness_and_by_hand(store: Store) -> None:
    idle = timedelta(hours=12)
    async with store.write() as transaction:
        sessions = transaction.sessions
        token = await sessions.create("operator", now=NOW, lifetime=timedelta(days=30))
        found = await sessions.find(token, now=NOW + timedelta(hours=11), idle=idle)
        assert found and found.user == "operator"
        assert await sessions.find(token, now=NOW + timedelta(hours=12), idle=idle) is None
        await sessions.touch(token, now=NOW + timedelta(hours=11))
        assert await sessions.find(token, now=NOW + timedelta(hours=12), idle=idle)
        assert await sessions.find(token, now=NOW + timedelta(days=30), idle=timedelta(days=90)) is None
        assert await sessions.find(token + "x", now=NOW, idle=idle) is None
        await sessions.revoke(token)
        assert await sessions.find(token, now=NOW, idle=idle) is None


async def test_sessions_are_listed_and_ended_by_ids_that_open_nothing(store: Store) -> None:
    idle = timedelta(days=7)
    async with store.write() as transaction:
        sessions = transaction.sessions
        first = await sessions.create("operator", now=NOW, lifetime=timedelta(days=30))
        await sessions.create("operator", now=NOW + timedelta(hours=1), lifetime=timedelta(days=30))
        later = NOW + timedelta(hours=2)
        new, old = await sessions.of("operator", now=later, idle=idle)
        assert (old.created_at, new.created_at) == (NOW, NOW + timedelta(hours=1))
        assert await sessions.find(old.id, now=later, idle=idle) is None
        assert await sessions.live([old.id, new.id, "00"], now=later, idle=idle) == {old.id, new.id}
        assert not await sessions.end(old.id, "another user")
        assert not await sessions.end("no hex", "operator")
        assert await sessions.end(old.id, "operator")
        assert await sessions.live([old.id, new.id], now=later, idle=idle) == {new.id}
        assert await sessions.find(first, now=later, idle=idle) is None
        assert await sessions.of("operator", now=NOW + timedelta(days=8), idle=idle) == []


async def test_a_sessions_token_is_not_in_the_database(store: Store, database_url: str, tmp_path: Path) -> None:
    async with store.write() as transaction:
        token = await transaction.sessions.create("operator", now=NOW, lifetime=timedelta(days=1))
    engine = sa.create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        (row,) = connection.execute(sa.text("SELECT * FROM sessions"))
    engine.dispose()
    assert token.encode() not in b"".join(bytes(value) for value in row if not isinstance(value, int | str))


async def test_of_many_equal_requests_at_once_one_is_served(store: Store, other_store: Store) -> None:
    """F-49"""

    async def begin(each: Store) -> Replay | None:
        async with each.write() as transaction:
            return await transaction.idempotency.begin("operator", "key", "print", now=NOW)

    outcomes = await asyncio.gather(*(begin(each) for each in [store, other_store] * 25), return_exceptions=True)
    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 49

    answer = Answer(202, {"Location": "/api/v1/deployments/dep_1"}, {"id": "dep_1"})
    async with store.write() as transaction:
        await transaction.idempotency.finish("operator", "key", answer)
    assert await asyncio.gather(*(begin(store) for _ in range(3))) == [Replay(answer)] * 3


async def test_an_idempotency_key_is_for_one_request_for_a_day(store: Store) -> None:
    async with store.write() as transaction:
        keys = transaction.idempotency
        await keys.begin("operator", "key", "print", now=NOW)
        await keys.finish("operator", "key", Answer(202, {}, {}))
        with pytest.raises(InvalidInput, match="another request"):
            await keys.begin("operator", "key", "other", now=NOW)
        assert await keys.begin("github:1", "key", "other", now=NOW) is None  # another user's
        assert await keys.begin("operator", "key", "other", now=NOW + timedelta(hours=24)) is None


async def test_a_request_whose_process_died_may_be_sent_again(store: Store) -> None:
    async with store.write() as transaction:
        keys = transaction.idempotency
        await keys.begin("operator", "abandoned", "print", now=NOW)
        await keys.abandon("operator", "abandoned")
        assert await keys.begin("operator", "abandoned", "print", now=NOW) is None
        assert await keys.begin("operator", "abandoned", "print", now=NOW + timedelta(minutes=1)) is None


async def test_conversations_are_listed_by_pin_and_by_what_was_said_last(store: Store) -> None:
    async with store.write() as transaction:
        for number in range(5):
            await transaction.conversations.add(Conversation(f"conv_{number}", "", NOW))
        await transaction.conversations.touch("conv_2", now=NOW + timedelta(minutes=1))
        await transaction.conversations.pin("conv_0", True)
        await transaction.conversations.rename("conv_1", "Deploy hello")
        listed, after = [], None
        while page := await transaction.conversations.page(after=after, limit=2):
            listed += [each.id for each in page]
            after = page[-1].id
        assert listed == ["conv_0", "conv_2", "conv_4", "conv_3", "conv_1"]
        with pytest.raises(NotFound):
            await transaction.conversations.get("conv_9")
        with pytest.raises(NotFound):
            await transaction.conversations.page(after="conv_9")


@pytest.mark.parametrize(
    ("text", "found"),
    [("HELLO", ["conv_1"]), ("blue", ["conv_2"]), ("100%", ["conv_3"]), ("%", ["conv_3"]), ("_", []), ("nothing", [])],
)
async def test_conversations_are_found_by_title_and_by_what_the_user_said(
    store: Store, text: str, found: list[str]
) -> None:
    async with store.write() as transaction:
        for id, title in [("conv_1", "Deploy hello"), ("conv_2", "x"), ("conv_3", "up to 100% of it")]:
            await transaction.conversations.add(Conversation(id, title, NOW))
        await transaction.histories.add("t", "conv_2", user="operator", message="m", said="Make it Blue", secrets={})
        assert [each.id for each in await transaction.conversations.page(text=text)] == found


async def test_replicas_are_counted_where_the_database_is_shared(store: Store, database_url: str) -> None:
    """F-10: without Redis each goes on with its share of the limits, from the start."""
    async with store.write() as transaction:
        assert await transaction.replicas.count() == 0
        if database_url.startswith("postgresql"):
            await transaction.replicas.beat("a")
            await transaction.replicas.beat("b")
            assert await transaction.replicas.count() == 2
