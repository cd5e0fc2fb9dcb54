"""What an app's owner has set: which pushes deploy it, and whether pull requests are shown."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devgem.store import tables

_settings = tables.app_settings


@dataclass(frozen=True)
class AppSettings:
    """`branch` None: the one that the app was deployed from, or else the repository's default one. `watch_paths` empty:
    every push counts."""

    push: bool = True
    branch: str | None = None
    watch_paths: tuple[str, ...] = ()
    previews: bool = True


class SettingsOfApps:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(self, app: str) -> AppSettings:
        """The defaults for an app that nothing was set of."""
        row = (await self._connection.execute(sa.select(_settings).where(_settings.c.app == app))).first()
        if row is None:
            return AppSettings()
        return AppSettings(row.push, row.branch, tuple(row.watch_paths), row.previews)

    async def set(self, app: str, settings: AppSettings) -> None:
        """Call it in a transaction that has locked the app."""
        await self._connection.execute(sa.delete(_settings).where(_settings.c.app == app))
        values = {**vars(settings), "app": app, "watch_paths": list(settings.watch_paths)}
        await self._connection.execute(sa.insert(_settings).values(values))
