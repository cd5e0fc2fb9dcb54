"""How a reply leaves: as one JSON answer, or as server-sent events, spoilt by a fault or not."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.standins.gemini.brain import Part, Reply
from tests.standins.gemini.faults import Fault, error_body
from tests.standins.gemini.windows import Arrival
from tests.standins.gemini.wire import Closed, Wire


@dataclass(frozen=True, slots=True)
class Answering:
    """`body_tokens`: the prompt's tokens, where the reply does not say."""

    reply: Reply
    fault: Fault | None
    arrival: Arrival
    body_tokens: int

    async def send(self, wire: Wire) -> None:
        fault = self.fault
        if fault is not None and fault.at_byte is None and fault.kind in ("reset", "stall"):
            if fault.kind == "reset":
                wire.reset()
            else:
                await wire.gone()
            raise Closed
        if self.arrival.method == "generateContent":
            await self._send_whole(wire)
        else:
            await self._send_stream(wire)

    async def _send_whole(self, wire: Wire) -> None:
        self.arrival.output_tokens = self._spent(self.reply.counted_output_tokens)
        parts: list[Part] = []
        for part in (part for chunk in self._chunks() for part in chunk):
            if parts and part.keys() == {"text"} and parts[-1].keys() == {"text"}:
                parts[-1] = {"text": parts[-1]["text"] + part["text"]}
            else:
                parts.append(part)
        answer = _json(self._chunk(parts, self.reply.counted_output_tokens, is_last=True))
        if self.fault is not None and self.fault.kind in ("cut", "eof", "stall", "reset"):
            wire.begin("application/json; charset=UTF-8")
            await self._spoil(wire, answer[: self.fault.at_byte or 0])
        elif self.fault is not None and self.fault.kind == "slow":
            await asyncio.sleep(self.fault.seconds)
        wire.answer(200, answer)

    async def _send_stream(self, wire: Wire) -> None:
        fault, sent = self.fault, 0
        wire.begin()
        async for event in self._events(wire):
            if fault is not None and fault.at_byte is not None and sent + len(event) >= fault.at_byte:
                await self._spoil(wire, event[: fault.at_byte - sent])
            await wire.chunk(event)
            sent += len(event)
        wire.end()

    async def _spoil(self, wire: Wire, rest: bytes) -> None:
        """Sends the rest, then what the fault does to the connection."""
        assert self.fault is not None
        await wire.chunk(rest)
        match self.fault.kind:
            case "cut":
                wire.cut()
            case "eof":
                wire.end()
            case "reset":
                await asyncio.sleep(0.005)
                wire.reset()
            case _:
                await wire.gone()
        raise Closed

    async def _events(self, wire: Wire) -> AsyncIterator[bytes]:
        fault, reply = self.fault, self.reply
        chunks = self._chunks()
        if fault is not None and fault.kind == "endless":
            chunks = [[{"text": "again and again "}]] * 1_000_000
        for n, chunk in enumerate(chunks):
            if seconds := reply.chunk_seconds + (fault.seconds if fault is not None and fault.kind == "slow" else 0.0):
                await asyncio.sleep(seconds)
            if not wire.is_open:
                raise Closed
            if fault is not None and fault.kind == "error_chunk" and n == fault.at_chunk:
                yield _sse(json.loads(_in_stream(fault)))
                return
            is_last = n == len(chunks) - 1
            counted = reply.counted_output_tokens
            so_far = counted if is_last else counted * (n + 1) // len(chunks)
            self.arrival.output_tokens = self._spent(so_far)
            yield _sse(self._chunk(chunk, so_far, is_last=is_last))
        if fault is not None and fault.kind == "error_chunk" and fault.at_chunk >= len(chunks):
            yield _sse(json.loads(_in_stream(fault)))

    def _chunks(self) -> list[list[Part]]:
        if self.fault is not None and self.fault.kind == "huge":
            piece = "0123456789abcde\n" * 4096
            return [[{"text": piece}]] * (self.fault.size_bytes // len(piece) + 1)
        return [list(chunk) for chunk in self.reply.chunks] or [[]]

    def _spent(self, output: int) -> int:
        return output + self.reply.thought_tokens

    def _chunk(self, parts: list[Part], output: int, *, is_last: bool) -> dict[str, Any]:
        reply = self.reply
        prompt = reply.prompt_tokens if reply.prompt_tokens is not None else self.body_tokens
        counted = {"promptTokenCount": prompt, "candidatesTokenCount": output}
        counted |= {"totalTokenCount": prompt + output + reply.thought_tokens}
        if reply.thought_tokens:
            counted["thoughtsTokenCount"] = reply.thought_tokens
        if reply.cached_tokens:
            counted["cachedContentTokenCount"] = reply.cached_tokens
        about = {"usageMetadata": counted, "modelVersion": self.arrival.model, "responseId": "stand-in"}
        block = reply.block_reason or ("SAFETY" if self.fault is not None and self.fault.kind == "safety" else "")
        if block:
            return {"promptFeedback": {"blockReason": block}} | about
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        wants_finish = is_last and reply.finish and not (self.fault is not None and self.fault.kind == "no_finish")
        if wants_finish:
            candidate["finishReason"] = reply.finish
            if reply.finish_message:
                candidate["finishMessage"] = reply.finish_message
        return {"candidates": [candidate]} | about


def _in_stream(fault: Fault) -> bytes:
    status = {429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}.get(fault.status, "UNKNOWN")
    return error_body(fault.status, status, "The model is overloaded. Please try again later.")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _sse(value: Mapping[str, Any]) -> bytes:
    return b"data: " + _json(value) + b"\r\n\r\n"
