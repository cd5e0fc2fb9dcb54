"""app.json, in the dialects of the Cloud Run Button and of Heroku: config vars, a port, hooks that are shown only.

https://github.com/GoogleCloudPlatform/cloud-run-button#customizing-deployment-parameters
https://devcenter.heroku.com/articles/app-json-schema
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devgem.stack.files import Files
from devgem.stack.shapes import table, texts

PATH = "app.json"


@dataclass(frozen=True)
class AppJson:
    """`defaults` are the values of config vars that the file gives, `required` those the user has to give."""

    names: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    notes: tuple[str, ...] = ()


async def read_app_json(files: Files) -> AppJson:
    said = table(await files.json(PATH))
    if "expo" in said:  # an Expo (React Native) app has a file of the same name
        return AppJson()
    env = table(said, "env")
    entries = {str(name): entry if isinstance(entry, dict) else {"value": entry} for name, entry in env.items()}
    defaults = {
        n: str(e["value"]) for n, e in entries.items() if e.get("value") not in (None, "") and "generator" not in e
    }
    required = [n for n, e in entries.items() if n not in defaults and e.get("required", True)]
    port = table(said, "options").get("port")
    return AppJson(
        tuple(entries),
        tuple(required),
        defaults,
        port if isinstance(port, int) and 0 < port < 65536 else None,
        tuple(_notes(files, said)),
    )


def _notes(files: Files, said: dict[str, Any]) -> list[str]:
    where = files.repo_path(PATH)
    hooks = {name: "; ".join(texts(table(hook).get("commands"))) for name, hook in table(said, "hooks").items()}
    notes = [
        f"{where} has the hook {name!r}: {text}. It is shown, never run."
        for name, text in {**hooks, **table(said, "scripts")}.items()
    ]
    listed = said.get("addons") or []
    addons = [
        a if isinstance(a, str) else str(table(a).get("plan"))
        for a in (listed if isinstance(listed, list) else [listed])
    ]
    if addons:
        notes.append(f"{where} asks for {', '.join(addons)}: provide it, and set its config vars.")
    return notes
