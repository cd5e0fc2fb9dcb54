"""A package.json as values: what is declared, in types that can be trusted, and the line of each claim."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgem.stack.files import BrokenManifest, Files
from devgem.stack.versions import number_in

MANIFEST = "package.json"


@dataclass(frozen=True)
class Package:
    """`dependencies` are needed at run time (optional and peer ones among them), `all` also to build."""

    name: str
    data: Mapping[str, Any]
    scripts: Mapping[str, str]
    dependencies: Mapping[str, str]
    all: Mapping[str, str]

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "Package":
        run: dict[str, str] = {}
        for key in ("peerDependencies", "optionalDependencies", "dependencies"):
            run.update(_texts(data.get(key)))
        name = data.get("name")
        return cls(
            name=name if isinstance(name, str) else "",
            data=data,
            scripts={key: text for key, text in _texts(data.get("scripts")).items() if text.strip()},
            dependencies=run,
            all={**_texts(data.get("devDependencies")), **run},
        )

    def first(self, *names: str) -> str | None:
        """The first of these packages that is a dependency of any kind."""
        return next((name for name in names if name in self.all), None)

    def major(self, name: str) -> int | None:
        """The leading number of the version or range stated for a dependency."""
        number = number_in(self.all.get(name, ""))
        return int(number.partition(".")[0]) if number else None

    def text(self, *keys: str) -> str | None:
        """A string at a path of keys, if it is one."""
        value: Any = self.data
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) and value else None

    def bins(self) -> tuple[str, ...]:
        """The files that `bin` names."""
        value = self.data.get("bin")
        return (value,) if isinstance(value, str) else tuple(_texts(value).values())

    def workspaces(self) -> tuple[str, ...]:
        """The patterns of `workspaces`, in either of its forms."""
        value = self.data.get("workspaces")
        if isinstance(value, Mapping):
            value = value.get("packages")
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


async def open_package(files: Files) -> Package | None:
    """The package.json of a folder; None when there is none. Raises BrokenManifest."""
    if MANIFEST not in files:
        return None
    data = await files.json(MANIFEST)
    if not isinstance(data, dict):
        where = files.repo_path(MANIFEST)
        raise BrokenManifest(f"{where} holds no JSON object", fix=f"Mend {where} and deploy again.")
    return Package.of(data)


async def key_line(files: Files, key: str, path: str = MANIFEST) -> int | None:
    """The line in which a JSON key stands first."""
    return await files.line_of(path, rf'"{re.escape(key)}"\s*:')


async def script_line(files: Files, name: str) -> int | None:
    """The line of a script: below `"scripts"`, where the same name may also be a dependency's or a setting's."""
    lines = (await files.text(MANIFEST)).splitlines()
    start = next((n for n, line in enumerate(lines) if re.search(r'"scripts"\s*:', line)), 0)
    pattern = re.compile(rf'"{re.escape(name)}"\s*:')
    return next((n for n, line in enumerate(lines[start:], start + 1) if pattern.search(line)), None)


def _texts(value: Any) -> dict[str, str]:
    """The string entries of what should be an object of strings."""
    items = value.items() if isinstance(value, Mapping) else ()
    return {key: text for key, text in items if isinstance(text, str)}
