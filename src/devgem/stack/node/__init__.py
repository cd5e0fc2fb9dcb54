"""Reads JavaScript and TypeScript repositories: Node, Deno and Bun."""

from devgem.stack.node.deno import Deno
from devgem.stack.node.provider import Node
from devgem.stack.provider import Provider

PROVIDERS: tuple[Provider, ...] = (Node(), Deno())
