"""Sites of plain files: nothing to build, nothing to run."""

from devgem.stack.provider import Provider
from devgem.stack.static.provider import Static

PROVIDERS: tuple[Provider, ...] = (Static(),)
