"""Tries code out in the box that builds it: its own tests and linters, on a copy that is thrown away."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from devgem.clouds.local.commands import Commands, Setting
from devgem.clouds.local.failures import Ended
from devgem.domain.log import clean
from devgem.domain.trial import Finding, Trial

_NOT_FOUND = (126, 127)
_SHOWN_LINES = 30
_SHOWN_CHARACTERS = 4000


async def try_out(trials: Sequence[Trial], commands: Commands, setting: Setting) -> AsyncIterator[Finding]:
    """One after the other; what could not be tried for want of a tool or of time is said to be so."""
    setting = replace(setting, env={**setting.env, "CI": "true"})
    for trial in trials:
        begun = time.monotonic()
        if trial.probe and (await commands.run(trial.probe, setting)).exit.code:
            yield Finding(trial.name, None, trial.missing)
            continue
        ended = await commands.run(trial.command, setting)
        yield replace(_finding(trial, ended), seconds=round(time.monotonic() - begun, 2))


def _finding(trial: Trial, ended: Ended) -> Finding:
    if ended.exit.timed_out:
        return Finding(trial.name, None, "it was ended since it took too long")
    if ended.exit.code in _NOT_FOUND:
        return Finding(trial.name, None, f"{trial.command[0]!r}, or what it runs, is not installed here")
    if ended.full or ended.exit.oom:
        return Finding(trial.name, None, "it was ended since it used too much of the disk or of the memory")
    lines = [clean(line) for line in ended.lines if line.strip()]
    shown = lines[-1:] if ended.exit.code == 0 else lines[-_SHOWN_LINES:]
    return Finding(trial.name, ended.exit.code == 0, "\n".join(shown)[-_SHOWN_CHARACTERS:])
