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
from devgem.stack.languages.packages import COMPILER, MAGICK, VIPS, Packages, needed

# Modules that wrap C libraries.
_CGO: Mapping[str, Packages] = {
    "github.com/mattn/go-sqlite3": Packages(),
    "github.com/confluentinc/confluent-kafka-go": Packages(),
    "github.com/chai2010/webp": Packages(),
    "github.com/h2non/bimg": VIPS,
    "github.com/davidbyttow/govips": VIPS,
    "gopkg.in/gographics/imagick.v3": MAGICK,
    "gocv.io/x/gocv": Packages(("pkg-config", "libopencv-dev"), ("libopencv-dev",)),
    "github.com/google/gopacket/pcap": Packages(("libpcap-dev",), ("libpcap0.8",)),
    "github.com/otiai10/gosseract": Packages(("libtesseract-dev",), ("tesseract-ocr",)),
}


async def packages_of(root: Files, main: Main, findings: Findings) -> Packages | None:
    """What compiling C code takes; None when there is none to compile."""
    wrappers = {name for name in _CGO for imported in main.imports if f"{imported}/".startswith(f"{name}/")}
    c_code = [i for i in main.imports if i == "C" or any(f"{i}/".startswith(f"{name}/") for name in wrappers)]
    for imported in c_code:
        path = main.imports[imported]
        findings.add("cgo", imported, path, await root.line_of(path, rf'"{re.escape(imported)}"'))
    return needed(_CGO, wrappers, build=COMPILER) if c_code else None


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
