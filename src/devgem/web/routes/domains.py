"""Domains: the one of all apps, and host names of single ones."""

from typing import Annotated

from fastapi import APIRouter, Path

from devgem.clouds.domains import BaseDomain, Domain
from devgem.domain.errors import Conflict, NotFound
from devgem.web.parts import Operator, Parts, SignedIn
from devgem.web.schemas import BaseDomainBody, DomainBody, DomainView, Page

router = APIRouter(prefix="/api/v1")

Host = Annotated[str, Path(max_length=300)]


@router.get("/apps/{app}/domains")
async def list_domains(app: str, parts: SignedIn) -> Page[DomainView]:
    """The app's own host names, with how far each is."""
    return Page(items=[_view(found) for found in await parts.domains.list(app)])


@router.post("/apps/{app}/domains", status_code=202)
async def add_domain(app: str, body: DomainBody, parts: SignedIn) -> DomainView:
    """Begins to serve the app at one more host name, and tells which DNS records that takes. Idempotent."""
    return _view(await parts.domains.add(app, body.host))


@router.delete("/apps/{app}/domains/{host}", status_code=204)
async def remove_domain(app: str, host: Host, parts: SignedIn) -> None:
    """Ends it, and removes what was made for it."""
    await parts.domains.remove(app, host)


@router.get("/domains")
async def get_base_domain(parts: SignedIn) -> DomainView:
    """The domain that all apps answer under, and how far it is."""
    found = await parts.base_domain.state() if parts.base_domain is not None else None
    if found is None:
        raise NotFound("no domain is set up", fix="Set one up with `devgem domains setup apps.example.com`.")
    return _view(found)


@router.post("/domains", status_code=202)
async def set_up_base_domain(body: BaseDomainBody, parts: SignedIn, _: Operator) -> DomainView:
    """Begins to set it up, or goes on where it stopped."""
    return _view(await _base(parts).set_up(body.domain, body.zone))


@router.delete("/domains", status_code=202)
async def tear_down_base_domain(parts: SignedIn, _: Operator) -> DomainView:
    """Begins to remove all that was made for it."""
    base = _base(parts)
    if count := await parts.domains.count():
        raise Conflict(
            f"{count} host names of apps are served by its load balancer",
            fix="Remove them first: `devgem domains remove APP HOST`.",
        )
    return _view(await base.tear_down())


def _base(parts: Parts) -> BaseDomain:
    if parts.base_domain is None:
        raise Conflict(
            "there is no cloud here that can have a domain",
            fix="Set GOOGLE_CLOUD_PROJECT and GOOGLE_CLOUD_REGION; on one machine set DEVGEM_BASE_DOMAIN instead.",
        )
    return parts.base_domain


def _view(found: Domain) -> DomainView:
    return DomainView.model_validate(found, from_attributes=True)
