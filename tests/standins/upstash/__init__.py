"""Upstash's REST interface (https://upstash.com/docs/redis/features/restapi) in front of a real Redis."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import redis.asyncio
import redis.exceptions
from aiohttp import web

TOKEN = "a-token"


class Upstash:
    """`lost_answers`: so many commands are carried out, and the connection is then cut."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.asyncio.Redis.from_url(redis_url)
        self.lost_answers = 0
        self.commands = 0

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "WRONGPASS invalid or missing auth token"}, status=401)
        command = json.loads(await request.read())
        self.commands += 1
        try:
            result = await self._client.execute_command(*command)  # type: ignore[no-untyped-call]  # as redis-py has it
        except redis.exceptions.NoScriptError as error:
            return web.json_response({"error": f"NOSCRIPT {error}"}, status=400)
        except redis.exceptions.ResponseError as error:
            return web.json_response({"error": f"ERR {error}"}, status=400)
        if self.lost_answers:
            self.lost_answers -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"result": _encode(result)})

    async def close(self) -> None:
        await self._client.aclose()


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [_encode(one) for one in value] if isinstance(value, list) else value


@asynccontextmanager
async def running_upstash(redis_url: str) -> AsyncIterator[tuple[Upstash, str]]:
    """The stand-in and its URL."""
    upstash = Upstash(redis_url)
    app = web.Application()
    app.router.add_post("/", upstash.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield upstash, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
        await upstash.close()
