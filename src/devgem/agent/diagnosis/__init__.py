"""Why a step of a deployment failed, by rules: the cause, the line that shows it, and what mends it; pure."""

from devgem.agent.diagnosis.diagnosis import (
    Advice,
    Button,
    Command,
    ConfigVar,
    Diagnosis,
    Diff,
    Quote,
    Redeploy,
    Remedy,
    Retry,
)
from devgem.agent.diagnosis.engine import diagnose
from devgem.agent.diagnosis.evidence import Evidence, wanted
from devgem.agent.diagnosis.wording import summary, to_json

__all__ = [
    "Advice",
    "Button",
    "Command",
    "ConfigVar",
    "Diagnosis",
    "Diff",
    "Evidence",
    "Quote",
    "Redeploy",
    "Remedy",
    "Retry",
    "diagnose",
    "summary",
    "to_json",
    "wanted",
]
