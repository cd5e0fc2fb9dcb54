"""What one client, one app and one message may take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`head_bytes` bounds the request line with its headers, `url_bytes` the target in it, `buffer_bytes` what is
    held for a peer that reads more slowly than the other writes, `pipelined` the requests that wait for their turn.

    The times: `head_seconds` for a whole request head, from its first byte; `idle_seconds` for a kept-alive
    connection without a request; `stall_seconds` for a client that neither sends the body it announced nor reads its
    response; `dial_seconds` for a backend to hand out a connection (it may be waking up); `silent_seconds` for an app
    to begin its response, or to go on reading a body. A response that has begun may be silent for ever.

    `trusted_proxies` are networks in CIDR notation whose X-Forwarded-* headers are believed.
    """

    head_bytes: int = 32 << 10
    url_bytes: int = 16 << 10
    response_head_bytes: int = 64 << 10
    buffer_bytes: int = 256 << 10
    file_cache_bytes: int = 16 << 20
    pipelined: int = 128
    connections: int = 16_384
    requests_per_revision: int = 8_192
    idle_upstreams: int = 1_024
    backlog: int = 16_384
    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    stall_seconds: float = 60.0
    dial_seconds: float = 30.0
    silent_seconds: float = 300.0
    trusted_proxies: tuple[str, ...] = ()
