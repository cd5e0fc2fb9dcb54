"""How far a build is, from what it prints and from what Cloud Build says of it."""

import re

from devgem.clouds.google.build_request import STEPS
from devgem.domain.app import Progress

_LINE = re.compile(r'^Step #(?P<number>\d+)(?: - "[^"]*")?: ?(?P<text>.*)$', re.DOTALL)
_STARTS = re.compile(r"^Starting Step #(\d+)")
_LAYER = re.compile(r"^#\d+ \[(?:(?P<stage>[^\]\s]+)\s+)?(?P<at>\d+)/(?P<of>\d+)\] (?P<what>.*)")
_NOISE = re.compile(
    r"^(?:starting build \"|FETCHSOURCE$|BUILD$|PUSH$|DONE$|Finished Step #|Starting Step #|Already have image"
    r"|Pulling image: |\S+: Pulling from |[0-9a-f]{12}: |Digest: sha256:|Status: (?:Downloaded|Image is up to date))"
)
_ENDS = re.compile(r"^(?:DONE|ERROR|TIMEOUT|CANCELLED)\b")
_BEGUN = (0.02, 0.06, 0.1)
"""The share of a build that is done when a step begins."""
_IMAGE_SHARE = 0.85


class BuildProgress:
    """`elapsed_seconds` since the build began to run; the fraction never falls."""

    def __init__(self) -> None:
        self.step = 0
        self._layers: dict[str, tuple[int, int]] = {}
        self._what = ""
        self._fraction = 0.0

    def read(self, text: str) -> str | None:
        """Takes a line of the build's log; what of it is for people, None when nothing is."""
        if started := _STARTS.match(text):
            self.step = min(int(started[1]), len(STEPS) - 1)
            self._fraction = max(self._fraction, _BEGUN[self.step])
        found = _LINE.match(text)
        said = found["text"] if found else text
        if found and (layer := _LAYER.match(said)):
            self._take_layer(layer)
        return None if _NOISE.match(said) else said

    def told(self, elapsed_seconds: float) -> Progress:
        minutes, seconds = divmod(int(elapsed_seconds), 60)
        what = f"{STEPS[self.step]} (step {self.step + 1} of {len(STEPS)}"
        what += f", {self._what}" if self._what else ""
        return Progress(f"{what}, {minutes}:{seconds:02})", round(self._fraction, 3))

    def _take_layer(self, layer: re.Match[str]) -> None:
        stage, at, of = layer["stage"] or "", int(layer["at"]), max(1, int(layer["of"]))
        self._layers[stage] = (max(at, self._layers.get(stage, (0, 0))[0]), of)
        done, all = (sum(numbers) for numbers in zip(*self._layers.values(), strict=True))
        self._fraction = max(self._fraction, _BEGUN[2] + _IMAGE_SHARE * done / (all + 1))
        self._what = f"{at}/{of} {stage}".strip()


def is_end(text: str) -> bool:
    """Whether a line is the last of a build's log."""
    return bool(_ENDS.match(text))
