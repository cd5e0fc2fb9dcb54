"""Which endpoints there are, in order of preference: the settings' texts as values, with an address beside each quota.

DEVGEM_ENDPOINTS=vertex/us-central1?rpm=60&tpm=250000; vertex/global; gemini?key=operator&rpm=10
DEVGEM_GEMINI_MODEL=gemini-3.8-flash   or   vertex=gemini-3.8-flash,gemini=gemini-3.5-flash-lite
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from devgem.domain.errors import InvalidInput
from devgem.quota.endpoint import Endpoint, Limits

DEFAULT_MODEL = "gemini-3.8-flash"
"""The current Flash of the Gemini 3 family, November 2026 (https://ai.google.dev/gemini-api/docs/models)."""

DEFAULT_REGIONS = ("us-central1", "us-east1", "europe-west1", "asia-northeast1")
VERTEX, GEMINI = "vertex", "gemini"
USER, OPERATOR = "user", "operator"

_CONTEXT_TOKENS = 1_048_576
"""What every Gemini Flash and Pro since 2.0 takes in (https://ai.google.dev/gemini-api/docs/models)."""
_MODEL = re.compile(r"[a-z0-9][a-z0-9._@-]{0,99}")
_REGION = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LIMITS = ("rpm", "tpm", "rph", "tph")
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Address:
    """Where an endpoint is, and what opens it. `credentials` names what opens it without telling it: when it is denied
    at one address, it is at all."""

    endpoint: Endpoint
    credentials: str
    context_tokens: int = _CONTEXT_TOKENS
    base_url: str = ""
    project: str = ""
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint as the settings name it. `key`: for the Gemini API, whose."""

    provider: str
    region: str
    model: str
    limits: Limits
    key: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What opens the places, and where other than at Google they are."""

    project: str = ""
    operator_key: str = field(default="", repr=False)
    vertex_url: str = ""
    gemini_url: str = ""


def read_places(endpoints: str, model: str) -> tuple[Place, ...]:
    """The places of DEVGEM_ENDPOINTS, or the default ones when it is blank, each with its model by DEVGEM_GEMINI_MODEL.
    Raises InvalidInput that names the variable, the wrong part and the remedy."""
    models = _read_models(model)
    stated = [part.strip() for part in re.split(r"[;\n]", endpoints) if part.strip()]
    if not stated:
        stated = [*(f"{VERTEX}/{region}" for region in DEFAULT_REGIONS), GEMINI]
    places = tuple(place for part in stated for place in _read_place(part, models))
    _refuse_doubles(places)
    return places


def addresses(places: Iterable[Place], access: Access, user_key: str = "") -> tuple[Address, ...]:
    """The places that can be called: Vertex AI with a project, the Gemini API with the user's or the operator's key."""
    found: dict[str, Address] = {}
    for place in places:
        address = _address(place, access, user_key)
        if address is not None:
            found.setdefault(address.endpoint.id, address)
    return tuple(found.values())


def key_digest(api_key: str) -> str:
    return hashlib.sha256(api_key.encode()).hexdigest()[:12]


def check_url(name: str, url: str) -> str:
    """The base URL without a trailing slash. Raises InvalidInput."""
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise InvalidInput(f"{name} {url!r} is no base URL", fix="Give one such as https://example.com, or unset it.")
    return url.rstrip("/")


def _address(place: Place, access: Access, user_key: str) -> Address | None:
    if place.provider == VERTEX:
        if not access.project:
            return None
        endpoint = Endpoint(f"vertex/{place.region}/{place.model}", VERTEX, place.model, place.region, place.limits)
        base_url = check_url("DEVGEM_VERTEX_URL", access.vertex_url)
        return Address(endpoint, f"project:{access.project}", base_url=base_url, project=access.project)
    api_key = (user_key if place.key == USER else access.operator_key).strip()
    if not api_key:
        return None
    endpoint = Endpoint(
        f"gemini/{key_digest(api_key)}/{place.model}",
        GEMINI,
        place.model,
        limits=place.limits,
        counts_output=False,
        shared=place.key != USER,
    )
    base_url = check_url("DEVGEM_GEMINI_URL", access.gemini_url)
    return Address(endpoint, f"key:{key_digest(api_key)}", base_url=base_url, api_key=api_key)


def _read_place(stated: str, models: Mapping[str, str]) -> Sequence[Place]:
    where, _, options = stated.partition("?")
    provider, _, region = where.strip().partition("/")
    known = {*_LIMITS, "model", *(("key",) if provider == GEMINI else ())}
    if provider not in (VERTEX, GEMINI) or bool(region) != (provider == VERTEX):
        raise _wrong(stated, "is neither vertex/REGION nor gemini")
    if provider == VERTEX and not _REGION.fullmatch(region):
        raise _wrong(stated, f"has no region in {region!r}")
    given: dict[str, str] = {}
    for name, value in parse_qsl(options, keep_blank_values=True):
        if name not in known or name in given:
            raise _wrong(stated, f"has {name!r} twice" if name in given else f"has no option {name!r}")
        given[name] = value.strip()
    if options and not given:
        raise _wrong(stated, f"has options that cannot be read: {options!r}")
    model = given.get("model") or _model_of(provider, region, models)
    if not _MODEL.fullmatch(model):
        raise _wrong(stated, f"has no model in {model!r}")
    limits = Limits(**{name: _read_limit(stated, name, given[name]) for name in _LIMITS if name in given})
    if provider == VERTEX:
        return [Place(VERTEX, region, model, limits)]
    if given.get("key", "") not in ("", USER, OPERATOR):
        raise _wrong(stated, "has a key other than user and operator; keys themselves are set elsewhere")
    return _keyed(limits, model, given.get("key", ""))


def _keyed(limits: Limits, model: str, key: str) -> list[Place]:
    return [Place(GEMINI, "", model, limits, whose) for whose in ((key,) if key else (USER, OPERATOR))]


def _read_limit(stated: str, name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,10}", value) or not 0 < int(value) <= _MOST:
        raise _wrong(stated, f"has a wrong {name}: it must be a whole number from 1 to {_MOST}")
    return int(value)


def _read_models(stated: str) -> dict[str, str]:
    """By provider or provider/region; under "" the one for all others."""
    models = {"": DEFAULT_MODEL}
    for part in filter(None, (part.strip() for part in stated.split(","))):
        where, has_place, model = part.rpartition("=")
        where, model = where.strip(), model.strip()
        if not _MODEL.fullmatch(model) or (has_place and where.partition("/")[0] not in (VERTEX, GEMINI)):
            raise InvalidInput(
                f"DEVGEM_GEMINI_MODEL {part!r} names no model",
                fix=f"Use one name such as {DEFAULT_MODEL}, or vertex=NAME,gemini=NAME,vertex/global=NAME.",
            )
        models[where] = model
    return models


def _model_of(provider: str, region: str, models: Mapping[str, str]) -> str:
    return models.get(f"{provider}/{region}") or models.get(provider) or models[""]


def _refuse_doubles(places: Sequence[Place]) -> None:
    seen: set[tuple[str, str, str, str]] = set()
    for place in places:
        name = (place.provider, place.region, place.model, place.key)
        if name in seen:
            raise _wrong("/".join(filter(None, name)), "is named twice")
        seen.add(name)


def _wrong(stated: str, why: str) -> InvalidInput:
    # Somebody will write a key here; it must not end in a log.
    shown = re.sub(r"key=(?!(?:user|operator)(?:&|$))[^&]*", "key=…", stated)
    return InvalidInput(
        f"DEVGEM_ENDPOINTS: {shown[:100]!r} {why}",
        fix="Write them as vertex/us-central1?rpm=60&tpm=250000&model=NAME; vertex/global; gemini?key=operator&rpm=10.",
    )
