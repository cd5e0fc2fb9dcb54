"""The one-click button: its picture, and the one request that deploys what somebody has agreed to."""

from fastapi import APIRouter, Response

from devgem.agent.button import ButtonOrder, start
from devgem.web.button import picture
from devgem.web.parts import Open, SignedIn, Who
from devgem.web.push_schemas import ButtonBody, ButtonStarted

router = APIRouter()

_DAY_SECONDS = 86_400


@router.get("/button.svg", response_class=Response)
async def button(parts: Open, style: str = "default", theme: str = "dark") -> Response:
    """`style`: default, flat or large; `theme`: dark or light. The same for everybody: it sets and reads nothing."""
    headers = {"Cache-Control": f"public, max-age={_DAY_SECONDS}, stale-while-revalidate={7 * _DAY_SECONDS}"}
    return Response(picture(style, theme), media_type="image/svg+xml", headers=headers)


@router.post("/api/v1/button", status_code=202)
async def deploy(body: ButtonBody, parts: SignedIn, who: Who) -> ButtonStarted:
    """Deploys exactly this commit, in a conversation of its own. For `generate` secrets are made up, unless the app has
    such config vars; they are told to nobody."""
    order = ButtonOrder(body.source, body.ref, body.dir, body.name, env=body.env, generate=tuple(body.generate))
    started = await start(parts.conversations, order, user=who.user)
    return ButtonStarted(conversation=started.conversation, deployment=started.deployment, app=started.app)
