"""The start command that a repository states in words, for providers that choose what to install by it."""

from devgem.stack.files import Files
from devgem.stack.overrides import read_overrides
from devgem.stack.procfile import read_procfile


async def stated_start(files: Files) -> str | None:
    """From devgem.toml, else from the Procfile. Raises BrokenManifest."""
    said = (await read_overrides(files)).start
    main = (await read_procfile(files)).main
    return said or (main.command if main else None)
