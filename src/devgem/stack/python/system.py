"""Debian packages (bookworm) that Python distributions need beyond their wheels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    build: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


_COMPILER = ("gcc", "libc6-dev")
_OPENCV = System(run=("libgl1", "libglib2.0-0"))

NEEDS: Mapping[str, System] = {
    "psycopg2": System((*_COMPILER, "libpq-dev"), ("libpq5",)),
    "psycopg": System(run=("libpq5",)),
    "mysqlclient": System((*_COMPILER, "default-libmysqlclient-dev", "pkg-config"), ("libmariadb3",)),
    "pyodbc": System(run=("unixodbc",)),
    "python-ldap": System((*_COMPILER, "libldap2-dev", "libsasl2-dev"), ("libldap-2.5-0",)),
    "xmlsec": System((*_COMPILER, "libxmlsec1-dev", "pkg-config"), ("libxmlsec1-openssl",)),
    "pycairo": System((*_COMPILER, "libcairo2-dev", "pkg-config"), ("libcairo2",)),
    "cairosvg": System(run=("libcairo2",)),
    "weasyprint": System(run=("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")),
    "opencv-python": _OPENCV,
    "opencv-contrib-python": _OPENCV,
    "python-magic": System(run=("libmagic1",)),
    "pytesseract": System(run=("tesseract-ocr",)),
    "pdf2image": System(run=("poppler-utils",)),
    "pydub": System(run=("ffmpeg",)),
    "ffmpeg-python": System(run=("ffmpeg",)),
    "moviepy": System(run=("ffmpeg",)),
    "gdal": System((*_COMPILER, "g++", "libgdal-dev"), ("libgdal32",)),
    "graphviz": System(run=("graphviz",)),
    "pyzbar": System(run=("libzbar0",)),
    "uwsgi": System(_COMPILER),
    "lightgbm": System(run=("libgomp1",)),
}


def system_packages(names: Iterable[str], *, git: bool = False) -> System:
    """What these distributions need together, each package once, sorted."""
    present = set(names)
    if present & {"psycopg-binary", "psycopg2-binary"}:
        present -= {"psycopg", "psycopg2"}
    needed = [NEEDS[name] for name in present if name in NEEDS]
    build = {package for one in needed for package in one.build} | ({"git"} if git else set())
    return System(tuple(sorted(build)), tuple(sorted({package for one in needed for package in one.run})))
