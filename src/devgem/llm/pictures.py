"""The size of an image in pixels, from its first bytes."""

import struct

_UNKNOWN = (None, None)
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def picture_size(image: bytes) -> tuple[int, int] | tuple[None, None]:
    """Width and height of a PNG, GIF, JPEG or WebP; (None, None) of anything else. Never raises."""
    try:
        if image[:8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack(">II", image[16:24])
        elif image[:4] == b"GIF8":
            width, height = struct.unpack("<HH", image[6:10])
        elif image[:2] == b"\xff\xd8":
            return _jpeg_size(image)
        elif image[:4] == b"RIFF" and image[8:12] == b"WEBP":
            return _webp_size(image)
        else:
            return _UNKNOWN
    except struct.error:
        return _UNKNOWN
    return width, height


def _jpeg_size(image: bytes) -> tuple[int, int] | tuple[None, None]:
    """https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.2: the frame header has both."""
    at = 2
    while at + 9 <= len(image) and image[at] == 0xFF:
        marker, length = image[at + 1], struct.unpack(">H", image[at + 2 : at + 4])[0]
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", image[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return _UNKNOWN


def _webp_size(image: bytes) -> tuple[int, int] | tuple[None, None]:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    kind = image[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(image[24:27], "little"), 1 + int.from_bytes(image[27:30], "little")
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", image[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack("<I", image[21:25])[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return _UNKNOWN
