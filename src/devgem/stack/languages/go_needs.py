"""What a Go program needs beyond its modules: C libraries, and a front end that it embeds."""

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.assets import Assets, find_assets
from devgem.stack.languages.go_source import Main

_COMPILER = ("gcc", "libc6-dev")
_VIPS = (("pkg-config", "libvips-dev"), ("libvips42",))
_MAGICK = (("pkg-config", "libmagickwand-dev"), ("libmagickwand-dev",))

# Modules that wrap C libraries: Debian packages to build and to run.
_CGO: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "github.com/mattn/go-sqlite3": ((), ()),
    "github.com/confluentinc/confluent-kafka-go": ((), ()),
    "github.com/chai2010/webp": ((), ()),
    "github.com/h2non/bimg": _VIPS,
    "github.com/davidbyttow/govips": _VIPS,
    "gopkg.in/gographics/imagick.v3": _MAGICK,
    "gocv.io/x/gocv": (("g++", "pkg-config", "libopencv-dev"), ("libopencv-dev",)),
    "github.com/google/gopacket/pcap": (("libpcap-dev",), ("libpcap0.8",)),
    "github.com/otiai10/gosseract": (("g++", "libtesseract-dev"), ("tesseract-ocr",)),
}


@dataclass(frozen=True)
class System:
    """Debian packages; `cgo` is whether C code is compiled in."""

    cgo: bool = False
    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


async def system_of(root: Files, main: Main, findings: Findings) -> System:
    build: dict[str, None] = {}
    run: dict[str, None] = {}
    for imported, path in main.imports.items():
        known = next((needs for name, needs in _CGO.items() if f"{imported}/".startswith(f"{name}/")), None)
        if imported != "C" and known is None:
            continue
        findings.add("cgo", imported, path, await root.line_of(path, rf'"{re.escape(imported)}"'))
        build.update(dict.fromkeys((*_COMPILER, *(known[0] if known else ()))))
        run.update(dict.fromkeys(known[1] if known else ()))
    return System(bool(build), tuple(build), tuple(run))


@dataclass(frozen=True)
class Embedded:
    """A folder that the program embeds and the repository does not hold, with the front end whose build makes it."""

    target: str
    at: str
    assets: Assets | None


async def embedded_of(root: Files, module: Files, main: Main, findings: Findings) -> Embedded | None:
    for path in main.sources:
        for line, pattern in _embeds(await root.text(path)):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), pattern))
            if root.has_dir(target) or target in root or fnmatch.filter(root.paths, f"{target}*"):
                continue
            findings.add("embed", target, path, line)
            return Embedded(target, f"{path}:{line}", await _front_end(module, target))
    return None


def _embeds(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("//go:embed "):
            for pattern in line.split()[1:]:
                yield number, pattern.strip('"`').removeprefix("all:")


async def _front_end(module: Files, target: str) -> Assets | None:
    """The nearest package.json above the missing folder, up to the module's own, that has a build script."""
    folder = posixpath.relpath(target, module.dir)
    while folder not in (".", "") and not folder.startswith(".."):
        folder = posixpath.dirname(folder) or "."
        assets = await find_assets(module, folder)
        if assets:
            return assets if "build" in assets.scripts else None
    return None
