"""Debian packages that libraries of other languages need, to build and to run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Packages:
    """Names in Debian 12; Debian 13 provides the same ones."""

    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


COMPILER = ("build-essential",)
POSTGRES = Packages((*COMPILER, "libpq-dev"), ("libpq5",))
MYSQL = Packages((*COMPILER, "default-libmysqlclient-dev"), ("libmariadb3",))
VIPS = Packages((*COMPILER, "pkg-config", "libvips-dev"), ("libvips42",))
MAGICK = Packages((*COMPILER, "pkg-config", "libmagickwand-dev"), ("libmagickwand-dev",))


def needed(table: Mapping[str, Packages], names: Iterable[str], *, build: Iterable[str] = ()) -> Packages:
    """What these libraries need together, each package once, sorted; `build` in any case."""
    all_needed = [table[name] for name in names if name in table]
    return Packages(
        tuple(sorted({*build, *(package for one in all_needed for package in one.build)})),
        tuple(sorted({package for one in all_needed for package in one.run})),
    )
