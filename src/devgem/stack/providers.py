"""The ordered registry: the first provider that answers decides."""

from devgem.stack.languages import PROVIDERS as LANGUAGES
from devgem.stack.node import PROVIDERS as NODE
from devgem.stack.provider import Provider
from devgem.stack.python import PROVIDERS as PYTHON
from devgem.stack.static import PROVIDERS as STATIC

PROVIDERS: tuple[Provider, ...] = (*PYTHON, *LANGUAGES, *NODE, *STATIC)
"""Server languages before Node: a Django, Rails, Laravel or Go app often carries a package.json for its assets. A
provider that sees only assets of its kind answers None, and the next one is asked."""
