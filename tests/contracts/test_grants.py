"""What MCP clients were granted, and where their calls are shown: the same in every database."""

import asyncio
from datetime import UTC, datetime, timedelta

from devgem.store import Approval, CallerRow, CallRow, CallStatus, Conversation, Fact, Issued, Store, TokenKind
from devgem.store.approvals import ApprovalStatus

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = NOW + timedelta(minutes=15)


def issued(kind: TokenKind = TokenKind.ACCESS, grant: str = "grt_1", **other: object) -> Issued:
    values = {"scopes": ("a", "b"), "resource": "http://x/mcp", "expires_at": SOON, **other}
    return Issued(kind, grant, "client", "operator", **values)  # type: ignore[arg-type]  # as each test wants it


async def issue(store: Store, token: str, what: Issued, now: datetime = NOW) -> None:
    async with store.write() as transaction:
        await transaction.grants.issue(token, what, now=now)


async def test_a_token_is_found_as_it_was_issued_until_it_expires(store: Store) -> None:
    code = issued(TokenKind.CODE, facts={"code_challenge": "x"})
    await issue(store, "secret", code)
    async with store.read() as transaction:
        assert await transaction.grants.find("secret", TokenKind.CODE, now=NOW) == code
        assert await transaction.grants.find("secret", TokenKind.ACCESS, now=NOW) is None
        assert await transaction.grants.find("other", TokenKind.CODE, now=NOW) is None
        assert await transaction.grants.find("secret", TokenKind.CODE, now=SOON) is None


async def test_a_token_is_spent_once_however_many_try(store: Store, other_store: Store) -> None:
    await issue(store, "secret", issued(TokenKind.REFRESH))

    async def spend(one: Store) -> bool:
        async with one.write() as transaction:
            return await transaction.grants.spend("secret")

    assert sorted(await asyncio.gather(*(spend(one) for one in (store, other_store) * 4))) == [False] * 7 + [True]


async def test_a_grant_ends_with_all_that_was_issued_for_it(store: Store) -> None:
    await issue(store, "one", issued())
    await issue(store, "two", issued(TokenKind.REFRESH, expires_at=SOON + timedelta(days=1)))
    await issue(store, "three", issued(grant="grt_2"))
    async with store.write() as transaction:
        first, second = await transaction.grants.in_force("operator", now=NOW)
        assert (first.id, first.expires_at, second.id) == ("grt_1", SOON + timedelta(days=1), "grt_2")
        assert await transaction.grants.revoke("grt_1")
        assert not await transaction.grants.revoke("grt_1")
        assert [grant.id for grant in await transaction.grants.in_force("operator", now=NOW)] == ["grt_2"]
        assert await transaction.grants.find("two", TokenKind.REFRESH, now=NOW) is None


async def test_clients_that_never_got_a_token_make_room_after_a_day(store: Store) -> None:
    async with store.write() as transaction:
        assert await transaction.grants.add_client("client", "{1}", now=NOW, limit=2)
        assert await transaction.grants.add_client("idle", "{2}", now=NOW, limit=2)
        assert not await transaction.grants.add_client("third", "{3}", now=NOW, limit=2)
        assert await transaction.grants.client("client") == "{1}"
    await issue(store, "secret", issued(expires_at=NOW + timedelta(days=9)))
    async with store.write() as transaction:
        assert await transaction.grants.add_client("third", "{3}", now=NOW + timedelta(days=2), limit=2)
        assert [await transaction.grants.client(id) for id in ("client", "idle", "third")] == ["{1}", None, "{3}"]


async def test_what_a_callers_calls_wait_for_is_found_and_nobody_elses(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.conversations.add(Conversation("cnv_1", "MCP", NOW))
        await transaction.callers.add(CallerRow("cnv_1", "mcp:pal", {"private": True}, NOW))
        await transaction.events.append("conversation:cnv_1", [Fact("message.finished", {})])
        for number, user in enumerate(("mcp:pal", "operator"), 1):
            turn, call, id = f"trn_{number}", f"cal_{number}", f"apr_{number}"
            await transaction.histories.add(turn, "cnv_1", user=user, message="m", said="", secrets={})
            await transaction.calls.add(CallRow(call, "cnv_1", turn, 0, "x", "restart", {}, CallStatus.ASKED))
            await transaction.approvals.add(
                Approval(id, "cnv_1", turn, call, "restart", {}, "d", 3, "Restarting", "why", None, (), NOW)
            )
        callers = transaction.callers
        assert await callers.waiting() == [("apr_1", "cnv_1")]
        assert await callers.asked("mcp:pal", "apr_1") == "cnv_1"
        assert await callers.asked("mcp:pal", "apr_2") is None
        assert await callers.tally("cnv_1") == {"private": True}
        await transaction.approvals.answer("apr_1", ApprovalStatus.GRANTED, by="operator", now=NOW, values={})
        assert await callers.waiting() == [("apr_1", "cnv_1")]
        await transaction.calls.finish("cal_1", {"ok": True})
        assert await callers.waiting() == []


async def test_a_caller_is_found_where_it_was_seen_last(store: Store) -> None:
    async with store.write() as transaction:
        for number in (1, 2):
            at = NOW + timedelta(minutes=number)
            await transaction.callers.add(CallerRow(f"cnv_{number}", "mcp:pal", {}, at))
        await transaction.callers.touch("cnv_1", {"egress": True}, now=SOON)
        found = await transaction.callers.latest("mcp:pal")
        assert found == CallerRow("cnv_1", "mcp:pal", {"egress": True}, SOON)
        assert await transaction.callers.latest("mcp:other") is None
