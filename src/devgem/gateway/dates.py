"""Dates as HTTP writes them (RFC 9110 section 5.6.7), whatever the locale."""

import time
from calendar import timegm

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(seconds: float) -> bytes:
    t = time.gmtime(seconds)
    day, month = _DAYS[t.tm_wday], _MONTHS[t.tm_mon - 1]
    return f"{day}, {t.tm_mday:02} {month} {t.tm_year:04} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT".encode()


def parse_http_date(value: bytes) -> int | None:
    """Seconds since 1970; None for anything but an IMF-fixdate, the one form that is still made."""
    try:
        _, day, month, year, clock, zone = value.decode("ascii").split(" ")
        hour, minute, second = clock.split(":")
        if zone != "GMT":
            return None
        return timegm((int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second)))
    except (ValueError, OverflowError):
        return None
