"""Colours as people say them, and as CSS and Tailwind write them."""

import re

from devgem.llm.planner.words import words

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_FUNCTION = re.compile(r"(?:rgba?|hsla?|oklch|oklab|lab|lch|color)\([0-9a-zA-Z.,%/ +-]+\)")
# https://www.w3.org/TR/css-color-4/#named-colors
NAMED = words(
    """aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue blueviolet brown burlywood
    cadetblue chartreuse chocolate coral cornflowerblue cornsilk crimson cyan darkblue darkcyan darkgoldenrod darkgray
    darkgreen darkgrey darkkhaki darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen
    darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue dimgray dimgrey dodgerblue
    firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite gold goldenrod gray green greenyellow grey honeydew
    hotpink indianred indigo ivory khaki lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan
    lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen lightskyblue
    lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen magenta maroon mediumaquamarine
    mediumblue mediumorchid mediumpurple mediumseagreen mediumslateblue mediumspringgreen mediumturquoise
    mediumvioletred midnightblue mintcream mistyrose moccasin navajowhite navy oldlace olive olivedrab orange
    orangered orchid palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum
    powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown seagreen seashell sienna
    silver skyblue slateblue slategray slategrey snow springgreen steelblue tan teal thistle tomato turquoise violet
    wheat white whitesmoke yellow yellowgreen transparent currentcolor"""
)
_SPOKEN = {
    "bright red": "red", "bright green": "lime", "bright blue": "dodgerblue", "bright yellow": "yellow",
    "navy blue": "navy", "cream": "#fffdd0", "off white": "#faf9f6", "off-white": "#faf9f6", "charcoal": "#36454f",
    "burgundy": "#800020", "mint": "#98ff98", "peach": "peachpuff", "rose": "#ff007f", "light red": "lightcoral",
    "dark purple": "#4b0082", "light purple": "plum", "dark pink": "deeppink", "light orange": "#ffd8a8",
    "dark yellow": "#b58900", "light brown": "#b5651d", "dark brown": "#5c4033", "pale blue": "#afdbf5",
    "pale pink": "#fadadd", "pale yellow": "#ffffbf", "deep blue": "#00008b", "deep red": "#8b0000", "lilac": "#c8a2c8",
    "deep purple": "#36013f", "dark teal": "#014d4e", "light teal": "#90e4c1", "mustard": "#ffdb58", "black": "black",
    "emerald": "#50c878", "soft pink": "#ffb6c1", "soft blue": "#a7c7e7", "pale green": "palegreen", "amber": "#ffbf00",
    "light black": "#333333", "dark white": "whitesmoke", "gray": "gray", "grey": "grey", "dark orange": "darkorange",
    "slate": "slategray", "stone": "#a8a29e", "zinc": "#71717a", "sky": "skyblue", "rust": "#b7410e", "sand": "#c2b280",
}  # fmt: skip
COLOUR_WORDS = tuple(
    sorted({*NAMED, *(word for spoken in _SPOKEN for word in [spoken] if " " not in word)}, key=lambda w: (-len(w), w))
)
# https://tailwindcss.com/docs/colors: the names that are utilities by themselves or with a shade
_TAILWIND = words(
    """slate gray zinc neutral stone red orange amber yellow lime green emerald teal cyan sky blue indigo violet purple
    fuchsia pink rose"""
)
_SHADES = {"dark": 800, "light": 200, "pale": 100, "bright": 400, "deep": 900, "soft": 200}


def css_colour(said: str) -> str | None:
    """A colour as CSS writes it; None for what is no colour."""
    plain = " ".join(said.strip().rstrip(".;!").split())
    if _HEX.fullmatch(plain) or _FUNCTION.fullmatch(plain.lower()):
        return plain
    low = re.sub(r"^(?:a|an|the|nice|very|colou?r) ", "", plain.lower())
    spoken = _SPOKEN.get(low)
    if spoken is not None:
        return spoken
    joined = re.sub(r"[ -]", "", low)
    return joined if joined in NAMED else None


def tailwind_colour(said: str) -> str | None:
    """What follows `bg-` or `text-` in a Tailwind class for a colour, such as `blue-500`, `white` or `[#ff0000]`."""
    colour = css_colour(said)
    if colour is None:
        return None
    low = said.strip().lower().replace("grey", "gray")
    if low in ("black", "white", "transparent"):
        return low
    shade, _, base = low.rpartition(" ")
    if base in _TAILWIND and (not shade or shade in _SHADES):
        return f"{base}-{_SHADES.get(shade, 500)}"
    return f"[{re.sub(r' *, *', ',', colour).replace(' ', '_')}]"
