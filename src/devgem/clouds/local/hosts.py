"""Which app answers at which host name of its own, kept on disk by the edge."""

import json
import os
from collections.abc import Callable
from pathlib import Path

Call = Callable[[str, str | None], None]


class Hosts:
    """`call` tells the gateway."""

    def __init__(self, path: Path, call: Call) -> None:
        self._path = path
        self._call = call
        self._apps: dict[str, str] = {}

    def recover(self) -> None:
        """Raises ValueError for a file that cannot be read."""
        try:
            self._apps = dict(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return
        for host, app in self._apps.items():
            self._call(host, app)

    def attach(self, host: str, app: str) -> None:
        if self._apps.get(host) != app:
            self._keep({**self._apps, host: app})
        self._call(host, app)

    def detach(self, host: str, app: str) -> None:
        """Does nothing when another app has the name by now."""
        if self._apps.get(host) == app:
            self._keep({name: holder for name, holder in self._apps.items() if name != host})
            self._call(host, None)

    def forget(self, app: str) -> None:
        """All names of an app."""
        for host in [host for host, holder in self._apps.items() if holder == app]:
            self.detach(host, app)

    def _keep(self, apps: dict[str, str]) -> None:
        new = self._path.with_suffix(".new")
        new.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(apps, file)
        new.replace(self._path)
        self._apps = apps
