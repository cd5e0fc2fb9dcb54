"""Host names of apps' own: who has which, and the cloud told of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from devgem.clouds.domains import CustomHosts, Domain, check_host
from devgem.domain.errors import Conflict, InvalidInput, NotFound
from devgem.domain.ids import parent_of
from devgem.store import Store

_PER_APP = 50


class AppDomains:
    """`hosts` by the cloud's name; `base_domains` are DevGem's own: where it answers itself, and
    where apps have their usual names."""

    def __init__(
        self,
        store: Store,
        hosts: Mapping[str, CustomHosts],
        base_domains: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        self._store = store
        self._hosts = hosts
        self._base_domains = base_domains

    async def list(self, app: str) -> Sequence[Domain]:
        """With how far each is. Raises NotFound."""
        async with self._store.read() as transaction:
            row = await transaction.apps.get(app)
            rows = await transaction.domains.of(app)
        cloud = self._hosts.get(row.app.cloud)
        return [
            await cloud.state(app, one.host) if cloud else Domain(one.host, "failed", app, "its cloud is not set up")
            for one in rows
        ]

    async def add(self, app: str, text: str) -> Domain:
        """Idempotent. Raises InvalidInput for what is no host name, Conflict for one that is taken."""
        host = check_host(text)
        if parent_of(app) is not None:
            raise InvalidInput(f"{app!r} is a preview", fix="Add the host name to its app.")
        for base in await self._base_domains():
            if host == base or host.endswith(f".{base}"):
                raise InvalidInput(
                    f"{host} is under {base}, which is DevGem's own",
                    fix="Deploy the app under that name, or choose a host name elsewhere.",
                )
        async with self._store.write() as transaction:
            row = await transaction.apps.get(app, lock=True)
            cloud = self._of(row.app.cloud)
            if len(await transaction.domains.of(app)) >= _PER_APP:
                raise Conflict(f"{app} has {_PER_APP} host names, which is the most", fix="Remove one first.")
            await transaction.domains.add(app, host)
        try:
            await cloud.attach(app, host)
        except Conflict:
            async with self._store.write() as transaction:
                await transaction.domains.remove(app, host)
            raise
        return await cloud.state(app, host)

    async def remove(self, app: str, text: str) -> None:
        """Raises NotFound when the app has no such host name."""
        host = check_host(text)
        async with self._store.read() as transaction:
            row = await transaction.apps.get(app)
            if host not in {one.host for one in await transaction.domains.of(app)}:
                raise NotFound(f"{app} has no host name {host}", fix=f"List them with `devgem domains list {app}`.")
        if cloud := self._hosts.get(row.app.cloud):
            await cloud.detach(app, host)
        async with self._store.write() as transaction:
            await transaction.domains.remove(app, host)

    async def count(self) -> int:
        """How many host names apps have."""
        async with self._store.read() as transaction:
            return await transaction.domains.count()

    async def remove_all(self, app: str) -> None:
        """Before the app itself is removed. Raises NotFound when there is no such app."""
        async with self._store.read() as transaction:
            await transaction.apps.get(app)
            hosts = [one.host for one in await transaction.domains.of(app)]
        for host in hosts:
            await self.remove(app, host)

    def _of(self, cloud: str) -> CustomHosts:
        if cloud not in self._hosts:
            raise Conflict(f"the {cloud} cloud takes no host names here", fix="See `devgem doctor`.")
        return self._hosts[cloud]
