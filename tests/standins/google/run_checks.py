"""What Cloud Run refuses of a service: names, labels, traffic, revisions' templates, as its reference has it."""

import re
from collections.abc import Collection
from typing import Any

import grpc

from tests.standins.google.peer import Trouble

_SERVICE = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")
_REVISION = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LABEL_KEY, _LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
_TAG = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_IMAGE = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev/[a-z0-9:.-]+/[a-z0-9-]+/[a-z0-9/_.-]+@sha256:[0-9a-f]{64}")
_RESERVED = {"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"}
_MEMORY = {"1": (128, 4096), "2": (128, 8192), "4": (2048, 16384), "8": (4096, 32768)}
_ADDRESS_CHARACTERS = 46
_ENV_BYTES = 32 << 10
PATHS = frozenset(
    {"template", "traffic", "labels", "annotations", "description", "ingress", "invoker_iam_disabled", "scaling"}
)


def invalid(message: str) -> Trouble:
    return Trouble(grpc.StatusCode.INVALID_ARGUMENT, message)


def service_id(text: str) -> None:
    if not _SERVICE.fullmatch(text):
        raise invalid(f"service_id {text!r} must be a lower-case RFC 1035 label of fewer than 50 characters")


def labels(found: Any) -> None:
    for key, value in found.items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            raise invalid(f"the label {key}={value} has the wrong form")


def mask(paths: Collection[str]) -> None:
    if unknown := [path for path in paths if path.split(".")[0] not in PATHS]:
        raise invalid(f"update_mask: {unknown[0]!r} is no field that can be updated")


def template(service: str, found: Any) -> None:
    labels(found.labels)
    if not found.revision.startswith(f"{service}-") or not _REVISION.fullmatch(found.revision):
        raise invalid(
            f"template.revision {found.revision!r} must begin with the service's name, in at most 63 characters"
        )
    if len(found.containers) != 1:
        raise invalid("exactly one container is expected")
    if not 1 <= found.max_instance_request_concurrency <= 1000:
        raise invalid("max_instance_request_concurrency must be 1 to 1000")
    if found.scaling.min_instance_count > found.scaling.max_instance_count:
        raise invalid("min_instance_count must not exceed max_instance_count")
    container = found.containers[0]
    if not _IMAGE.fullmatch(container.image):
        raise invalid(
            f"Expected an image path like [region-docker.pkg.dev/...@sha256:...], but obtained {container.image}"
        )
    if len(container.ports) != 1 or not 0 < container.ports[0].container_port < 65536:
        raise invalid("exactly one port is expected")
    _env(container.env)
    _resources(container.resources.limits)
    probe = container.startup_probe
    if probe.period_seconds * probe.failure_threshold > 240 or probe.timeout_seconds > probe.period_seconds:
        raise invalid("startup_probe: at most 240 s in all, and timeout_seconds within period_seconds")


def _env(found: Any) -> None:
    names = [one.name for one in found]
    if len(names) != len(set(names)):
        raise invalid("the names of environment variables must differ")
    for one in found:
        if one.name in _RESERVED or not _ENV.fullmatch(one.name):
            raise invalid(f"The following reserved env names were provided: {one.name}")
        if len(one.value.encode()) > _ENV_BYTES:
            raise invalid(f"env {one.name}: at most 32 KiB")
        reference = one.value_source.secret_key_ref
        if reference.secret and not reference.version:
            raise invalid(f"env {one.name}: a secret needs a version")


def _resources(limits: Any) -> None:
    least, most = _MEMORY.get(limits.get("cpu", ""), (1, 0))
    memory = limits.get("memory", "")
    if not memory.endswith("Mi") or not least <= int(memory[:-2]) <= most:
        raise invalid(f"memory {memory!r} does not go with cpu {limits.get('cpu')!r}")


def traffic(service: str, found: Any, known: Collection[str]) -> None:
    if sum(one.percent for one in found) != 100:
        raise invalid("traffic: the percentages must sum to 100")
    tags = [one.tag for one in found if one.tag]
    if len(tags) != len(set(tags)):
        raise invalid("traffic: a tag may be given once")
    for one in found:
        if one.type_ == 2 and one.revision not in known:
            raise invalid(f"Revision '{one.revision}' is not found for '{service}'")
        if one.tag and (not _TAG.fullmatch(one.tag) or len(one.tag) + len(service) > _ADDRESS_CHARACTERS):
            raise invalid(f"traffic: the tag {one.tag!r} has the wrong form or is too long for {service!r}")
