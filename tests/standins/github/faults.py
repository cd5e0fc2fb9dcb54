"""What goes wrong, switched on by a test."""

from dataclasses import dataclass, field


@dataclass
class Faults:
    """`down`: connections are closed unanswered. `status`: every request gets this status and a page of HTML.
    `slow_seconds`: each answer waits so long, or until the server ends. `limited`: "primary" (no calls left until the
    reset) or "secondary" (too many at once). `renamed`: slug by former slug, answered by 301. `garbled`: what is no
    JSON, with status 200."""

    down: bool = False
    status: int = 0
    slow_seconds: float = 0.0
    limited: str = ""
    retry_after_seconds: int = 60
    garbled: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
