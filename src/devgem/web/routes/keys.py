"""A user's own key of the Gemini API: set, replaced, removed, and never shown."""

from fastapi import APIRouter

from devgem.domain.errors import InvalidInput
from devgem.web.parts import SignedIn, Who
from devgem.web.schemas import GeminiKeyBody, GeminiKeyView

router = APIRouter(prefix="/api/v1/keys/gemini")

NAME = "gemini"
_SHOWN_CHARACTERS = 4


@router.get("")
async def get_gemini_key(parts: SignedIn, who: Who) -> GeminiKeyView:
    async with parts.store.read() as transaction:
        return _view(await transaction.user_keys.get(who.user, NAME))


@router.put("")
async def set_gemini_key(body: GeminiKeyBody, parts: SignedIn, who: Who) -> GeminiKeyView:
    """Calls of this user's conversations go to the Gemini API with it when the shared endpoints are used up."""
    key = body.key.get_secret_value().strip()
    if not key.isascii() or not key.isprintable() or " " in key or not key:
        raise InvalidInput("this is no key of the Gemini API", fix="Copy it from https://aistudio.google.com/apikey.")
    async with parts.store.write() as transaction:
        await transaction.user_keys.set(who.user, NAME, key)
    return _view(key)


@router.delete("", status_code=204)
async def remove_gemini_key(parts: SignedIn, who: Who) -> None:
    async with parts.store.write() as transaction:
        await transaction.user_keys.remove(who.user, NAME)


def _view(key: str | None) -> GeminiKeyView:
    return GeminiKeyView(is_set=key is not None, ends_with=key[-_SHOWN_CHARACTERS:] if key else "")
