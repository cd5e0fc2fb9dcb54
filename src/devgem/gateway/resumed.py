"""Reads the body of a request whose wish to change the protocol is not granted."""

from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from devgem.gateway.client import Client


class Resumed:
    """The parser takes whatever follows a request with `Upgrade` for another protocol, even when the request has a
    body (Java's HttpClient asks for h2c with every first request). A second parser is given a head with the same
    framing, of which the client learns nothing, and goes on where the first one stopped."""

    def __init__(self, client: "Client", framing: bytes) -> None:
        self._client = client
        self._parser = httptools.HttpRequestParser(self)
        self._replay = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")

    @property
    def parser(self) -> httptools.HttpRequestParser:
        return self._parser

    def on_message_begin(self) -> None:
        if not self._replay:
            self._client.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._replay:
            self._client.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._replay:
            self._client.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._replay:
            self._replay = False
        else:
            self._client.on_headers_complete()

    def on_body(self, data: bytes) -> None:
        self._client.on_body(data)

    def on_message_complete(self) -> None:
        self._client.on_message_complete()
