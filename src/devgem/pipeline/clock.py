"""The one place where the pipeline reads the clock."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)


def seconds_since(at: datetime) -> float:
    """Never negative, though the machine's clock may have been set back."""
    return round(max(0.0, (now() - at).total_seconds()), 3)
