"""Which media type a file name means."""

from types import MappingProxyType

_UTF8 = b"; charset=utf-8"

_TYPES = MappingProxyType(
    {
        "html": b"text/html" + _UTF8,
        "htm": b"text/html" + _UTF8,
        "xhtml": b"application/xhtml+xml" + _UTF8,
        "css": b"text/css" + _UTF8,
        "js": b"text/javascript" + _UTF8,
        "mjs": b"text/javascript" + _UTF8,
        "cjs": b"text/javascript" + _UTF8,
        "json": b"application/json" + _UTF8,
        "map": b"application/json" + _UTF8,
        "jsonld": b"application/ld+json" + _UTF8,
        "webmanifest": b"application/manifest+json" + _UTF8,
        "xml": b"application/xml" + _UTF8,
        "rss": b"application/rss+xml" + _UTF8,
        "atom": b"application/atom+xml" + _UTF8,
        "svg": b"image/svg+xml" + _UTF8,
        "txt": b"text/plain" + _UTF8,
        "md": b"text/markdown" + _UTF8,
        "csv": b"text/csv" + _UTF8,
        "ics": b"text/calendar" + _UTF8,
        "vtt": b"text/vtt" + _UTF8,
        "yaml": b"application/yaml" + _UTF8,
        "yml": b"application/yaml" + _UTF8,
        "wasm": b"application/wasm",
        "pdf": b"application/pdf",
        "zip": b"application/zip",
        "gz": b"application/gzip",
        "png": b"image/png",
        "jpg": b"image/jpeg",
        "jpeg": b"image/jpeg",
        "gif": b"image/gif",
        "webp": b"image/webp",
        "avif": b"image/avif",
        "ico": b"image/x-icon",
        "bmp": b"image/bmp",
        "tif": b"image/tiff",
        "tiff": b"image/tiff",
        "woff": b"font/woff",
        "woff2": b"font/woff2",
        "ttf": b"font/ttf",
        "otf": b"font/otf",
        "eot": b"application/vnd.ms-fontobject",
        "mp3": b"audio/mpeg",
        "m4a": b"audio/mp4",
        "ogg": b"audio/ogg",
        "opus": b"audio/ogg",
        "flac": b"audio/flac",
        "wav": b"audio/wav",
        "mp4": b"video/mp4",
        "m4v": b"video/mp4",
        "webm": b"video/webm",
        "mov": b"video/quicktime",
    }
)
"""IANA's names; text has its charset. A table of our own, since `mimetypes` reads what the machine happens to have."""


def media_type(name: str) -> bytes:
    return _TYPES.get(name.rpartition(".")[2].lower(), b"application/octet-stream")
