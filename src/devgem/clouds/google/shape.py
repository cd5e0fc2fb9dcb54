"""What a revision looks like to Cloud Run: image, port, config vars, limits and probes; pure values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgem.clouds.google import naming
from devgem.clouds.google.balancer import Site
from devgem.clouds.google.secrets import Reference
from devgem.domain.app import Resources, Revision

RESERVED = frozenset({"PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"})
"""Cloud Run sets these itself and refuses revisions that do. A config var PORT chooses the port."""
STARTED_AT = "devgem-started"
_MIB = 1 << 20
_LEAST_MEMORY = 512 * _MIB
# The most memory that Cloud Run gives to so many processors.
_CPUS = ((1, 4096), (2, 8192), (4, 16384), (8, 32768))
_LEAST_MEMORY_OF = {4: 2048 * _MIB, 8: 4096 * _MIB}
_START_PERIOD_SECONDS, _START_FAILURES = 4, 60


@dataclass(frozen=True)
class Scale:
    """How many instances there are at least and at most, and how many requests one has at once. What nobody asks
    costs nothing with `min_instances` 0, and answers later by one start."""

    min_instances: int = 0
    max_instances: int = 10
    concurrency: int = 80


def template(
    site: Site, revision: Revision, name: str, account: str, secrets: Mapping[str, Reference], scale: Scale
) -> Mapping[str, Any]:
    """The revision template under a name of its own."""
    port = port_of(revision)
    labels = {**naming.labels_of(site, revision.app), naming.NUMBER: str(revision.number)}
    return {
        "revision": name,
        "labels": labels,
        "service_account": account,
        "timeout": {"seconds": 300},
        "execution_environment": 2,  # the second generation: a full Linux, as on the local cloud
        "max_instance_request_concurrency": scale.concurrency,
        "scaling": {"min_instance_count": scale.min_instances, "max_instance_count": scale.max_instances},
        "containers": [
            {
                "image": naming.image_of(site, revision),
                "ports": [{"container_port": port}],
                "env": [*_plain(revision, secrets), *_secret(secrets)],
                "resources": _resources(revision.resources),
                "startup_probe": {
                    "tcp_socket": {"port": port},
                    "period_seconds": _START_PERIOD_SECONDS,
                    "timeout_seconds": _START_PERIOD_SECONDS,
                    "failure_threshold": _START_FAILURES,
                },
                **_liveness(revision.plan.health_path, port),
            }
        ],
    }


def port_of(revision: Revision) -> int:
    """The port that the app is told to listen on."""
    wanted = revision.env.get("PORT", "")
    return int(wanted) if wanted.isascii() and wanted.isdigit() and 0 < int(wanted) < 65536 else revision.plan.port


def secret_values(revision: Revision) -> dict[str, str]:
    """The config vars that become secrets: all but the reserved, and those without a value, which a secret can't
    hold."""
    return {name: value for name, value in revision.env.items() if value and name not in RESERVED}


def _plain(revision: Revision, secrets: Mapping[str, Reference]) -> list[Mapping[str, Any]]:
    empty = (name for name, value in revision.env.items() if not value and name not in RESERVED)
    return [{"name": name, "value": ""} for name in sorted(empty) if name not in secrets]


def _secret(secrets: Mapping[str, Reference]) -> list[Mapping[str, Any]]:
    return [
        {"name": name, "value_source": {"secret_key_ref": {"secret": secret, "version": version}}}
        for name, (secret, version) in sorted(secrets.items())
    ]


def _resources(wanted: Resources) -> Mapping[str, Any]:
    memory = max(wanted.memory_bytes, _LEAST_MEMORY)
    fitting = (count for count, most in _CPUS if count >= wanted.cpus and memory <= most * _MIB)
    cpus = next(fitting, _CPUS[-1][0])
    memory = max(min(memory, _CPUS[-1][1] * _MIB), _LEAST_MEMORY_OF.get(cpus, 0))
    limits = {"cpu": str(cpus), "memory": f"{memory // _MIB}Mi"}
    return {"limits": limits, "cpu_idle": True, "startup_cpu_boost": True}


def _liveness(path: str | None, port: int) -> Mapping[str, Any]:
    """Only where the repository names a path for it: to restart what is well is worse than not to."""
    if not path:
        return {}
    probe = {"http_get": {"path": path, "port": port}, "period_seconds": 30, "timeout_seconds": 10}
    return {"liveness_probe": {**probe, "failure_threshold": 3}}
