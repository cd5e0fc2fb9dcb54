"""The picture of the button: one text for each style and theme, the same for everybody, so that it can be cached."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

LABEL = "Deploy to DevGem"


@dataclass(frozen=True)
class _Style:
    """Sizes in pixels; `cut` is taken off two corners, as a stone's are."""

    height: int
    gem: int
    gap: int
    font: float
    text: int
    cut: int
    weight: int


@dataclass(frozen=True)
class _Theme:
    ground: str
    line: str
    text: str


_STYLES: Mapping[str, _Style] = {
    "default": _Style(height=32, gem=16, gap=9, font=13, text=112, cut=8, weight=600),
    "flat": _Style(height=20, gem=11, gap=6, font=11, text=94, cut=0, weight=500),
    "large": _Style(height=48, gem=24, gap=14, font=18, text=154, cut=12, weight=600),
}
_THEMES: Mapping[str, _Theme] = {
    "dark": _Theme(ground="#12151d", line="#232838", text="#e8eaf2"),
    "light": _Theme(ground="#ffffff", line="#d3cfc4", text="#16181d"),
}
# Crown and pavilion of a cut stone in a square of 16, each facet in its own shade.
_FACETS = (
    ("M4 2h8l4 4.5H0z", "#3ddc97"),
    ("M0 6.5h5.2L8 15z", "#1fa970"),
    ("M5.2 6.5h5.6L8 15z", "#2cc486"),
    ("M10.8 6.5H16L8 15z", "#158355"),
    ("M4 2l1.2 4.5H0z", "#6ef0b6"),
    ("M12 2l4 4.5h-5.2z", "#2cc486"),
)


def _draw(style: _Style, theme: _Theme) -> str:
    width = style.gap * 3 + style.gem + style.text
    height, cut = style.height, style.cut
    outline = (
        f"M{cut + 0.5} 0.5H{width - 0.5}V{height - cut - 0.5}L{width - cut - 0.5} {height - 0.5}H0.5V{cut + 0.5}z"
        if cut
        else f"M0.5 0.5H{width - 0.5}V{height - 0.5}H0.5z"
    )
    facets = "".join(f'<path d="{path}" fill="{colour}"/>' for path, colour in _FACETS)
    top = (height - style.gem) / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{LABEL}"><title>{LABEL}</title>'
        f'<path d="{outline}" fill="{theme.ground}" stroke="{theme.line}"/>'
        f'<g transform="translate({style.gap} {top:g}) scale({style.gem / 16:g})">{facets}</g>'
        f'<text x="{style.gap * 2 + style.gem}" y="{height / 2 + style.font * 0.36:g}" fill="{theme.text}"'
        f' font-family="system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif" font-size="{style.font:g}"'
        f' font-weight="{style.weight}" textLength="{style.text}" lengthAdjust="spacingAndGlyphs">{LABEL}</text>'
        "</svg>\n"
    )


_DRAWN = {(style, theme): _draw(_STYLES[style], _THEMES[theme]) for style, theme in product(_STYLES, _THEMES)}


def picture(style: str, theme: str) -> str:
    """SVG; for what is not known, the default style, or dark."""
    return _DRAWN[style if style in _STYLES else "default", theme if theme in _THEMES else "dark"]
