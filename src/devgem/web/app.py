"""The dashboard's application: routes, guard, error mapping, and the built UI."""

from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from devgem.web import errors
from devgem.web.guard import Guard
from devgem.web.mcp.door import Door
from devgem.web.parts import Parts
from devgem.web.routes import (
    apps,
    button,
    conversations,
    deployments,
    domains,
    health,
    keys,
    quota,
    repositories,
    session,
    settings,
    sign_in,
    streams,
    webhooks,
)

TABS = ("deployments", "revisions", "logs", "metrics", "config", "domains", "settings")
PAGES = (
    "/",
    "/new-app",
    "/apps",
    "/apps/{app}",
    *(f"/apps/{{app}}/{tab}" for tab in TABS),
    "/conversations/{conversation}",
    "/deployments/{deployment}",
    "/quota",
    "/settings",
    "/button",
    "/new",
)


def create_app(parts: Parts) -> FastAPI:
    """The ASGI application over parts that have been built and started."""
    app = FastAPI(
        title="DevGem",
        version=version("devgem"),
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.parts = parts
    errors.install(app)
    for routes in (
        session,
        deployments,
        apps,
        domains,
        settings,
        conversations,
        streams,
        quota,
        sign_in,
        repositories,
        keys,
        health,
        button,
        webhooks,
    ):
        app.include_router(routes.router)
    index = parts.static / "index.html"

    async def page() -> Response:
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    for path in PAGES:
        app.add_api_route(path, page, methods=["GET"], include_in_schema=False)
    # What is built is sent compressed: it is the same for all, so that its length tells nothing.
    app.mount("/", GZipMiddleware(StaticFiles(directory=parts.static, check_dir=False)), name="static")
    app.add_middleware(Door, parts=parts)
    app.add_middleware(Guard, origins=parts.origins)
    return app
