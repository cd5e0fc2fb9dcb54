"""Domains over the clouds that there are: of all apps on Google Cloud, of single apps everywhere."""

import asyncio
import hmac
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

from devgem.clouds.domains import BaseDomain, CustomHosts
from devgem.clouds.google import certificates, compute
from devgem.clouds.google.administration import Administration
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.construction import Construction, Maker
from devgem.clouds.google.domains import GoogleDomains, GoogleHosts
from devgem.clouds.google.preflight import Preflight
from devgem.clouds.local.custom_hosts import LocalHosts
from devgem.clouds.local.edge_client import EdgeClient
from devgem.config import Settings
from devgem.domain.app import Check
from devgem.pipeline.domains import AppDomains
from devgem.store import Store


class StoredNotes:
    """What Google must find again after a crash, each note in a transaction of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> str | None:
        async with self._store.read() as transaction:
            return await transaction.cloud_notes.get(key)

    async def put(self, key: str, value: str) -> None:
        async with self._store.write() as transaction:
            await transaction.cloud_notes.put(key, value)

    async def drop(self, key: str) -> None:
        async with self._store.write() as transaction:
            await transaction.cloud_notes.drop(key)


class OnGoogle(NamedTuple):
    """What everything on Google Cloud shares: its clients, where and whose things are, and what survives a crash."""

    admin: Administration
    site: Site
    notes: StoredNotes
    preflight: Preflight
    domains: GoogleDomains


class Made(NamedTuple):
    """`google` is None where no project is set."""

    of_apps: AppDomains
    google: OnGoogle | None

    @property
    def base(self) -> BaseDomain | None:
        return self.google.domains if self.google is not None else None

    @property
    def preflight(self) -> Preflight | None:
        return self.google.preflight if self.google is not None else None


def install_id(key: bytes) -> str:
    """Tells what this DevGem has made on a cloud from what another has; the same for all that share its key."""
    return hmac.digest(key, b"the install id", "sha256").hex()[:12]


def administration(settings: Settings) -> Administration | None:
    """None where no project is set."""
    if not (settings.google_cloud_project and settings.google_cloud_region):
        return None
    return Administration(
        settings.google_cloud_project, settings.google_cloud_region, endpoint=settings.google_api_endpoint
    )


@asynccontextmanager
async def domains(settings: Settings, store: Store, edge: EdgeClient, key: bytes) -> AsyncIterator[Made]:
    """What was begun before goes on."""
    port = settings.apps_port or settings.port + 1
    hosts: dict[str, CustomHosts] = {"local": LocalHosts(edge, public_port=port)}
    admin = administration(settings)
    if admin is None:
        yield Made(_of_apps(settings, store, hosts, None), None)
        return
    site, notes = Site(admin.project, admin.region, install_id(key)), StoredNotes(store)
    base = GoogleDomains(admin, _construction(admin, site, notes), notes, resolve)
    await base.start()
    try:
        of_apps = _of_apps(settings, store, {**hosts, "google": GoogleHosts(base)}, base)
        yield Made(of_apps, OnGoogle(admin, site, notes, Preflight(admin), base))
    finally:
        await base.close()
        await admin.close()


def _construction(admin: Administration, site: Site, notes: StoredNotes) -> Construction:
    by_grpc, by_rest = certificates.Certificates(admin, site), compute.Compute(admin, site)
    makers: dict[str, Maker] = {
        **dict.fromkeys(certificates.KINDS, by_grpc),
        **dict.fromkeys((*compute.KINDS, compute.RULES), by_rest),
    }
    return Construction(site, makers, notes)


def _of_apps(settings: Settings, store: Store, hosts: Mapping[str, CustomHosts], base: BaseDomain | None) -> AppDomains:
    async def base_domains() -> Sequence[str]:
        found = await base.name() if base is not None else None
        own = urlsplit(settings.url).hostname
        return [settings.base_domain, *(name for name in (found, own) if name)]

    return AppDomains(store, hosts, base_domains)


async def resolve(host: str) -> Collection[str]:
    """The IPv4 addresses of a host name, as this machine's resolver has them."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, family=socket.AF_INET)
    except socket.gaierror:
        return ()
    return {str(address[0]) for *_, address in found}


async def examine(settings: Settings, preflight: Preflight | None) -> Sequence[Check]:
    """What would stop a deployment on Google Cloud; nothing where no project is set."""
    if preflight is not None:
        return await preflight.checks()
    admin = administration(settings)
    if admin is None:
        return ()
    try:
        return await Preflight(admin).checks()
    finally:
        await admin.close()
