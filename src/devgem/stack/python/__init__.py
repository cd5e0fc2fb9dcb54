"""Python repositories: their packages, their app object, and the server that runs it."""

from devgem.stack.provider import Provider
from devgem.stack.python.provider import Python

PROVIDERS: tuple[Provider, ...] = (Python(),)
