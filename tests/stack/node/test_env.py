"""Config vars that schemas and checks require are found beside those that are merely read."""

import pytest

from devgem.stack.node.env import baked_note, node_env
from tests.stack.trees import open_files

ZOD = """\
export const env = z.object({
  DATABASE_URL: z.string().url(),
  LOG_LEVEL: z
    .enum(["debug", "info"])
    .default("info"),
  SENTRY_DSN: z.string().optional(),
  API_TOKEN: z.string().min(1),
}).parse(process.env);
"""
ENVALID = """\
export default cleanEnv(process.env, {
  MONGO_URL: url(),
  CACHE: bool({ default: true }),
});
"""


@pytest.mark.parametrize(
    ("code", "required", "read"),
    [
        (ZOD, {"DATABASE_URL", "API_TOKEN"}, {"LOG_LEVEL", "SENTRY_DSN"}),
        (ENVALID, {"MONGO_URL"}, {"CACHE"}),
        ("const key = process.env.KEY;\nif (!key) {\n  throw new Error('no key');\n}\n", {"KEY"}, set()),
        ("const key = process.env.KEY;\nif (!key) console.warn('no key');\n", set(), {"KEY"}),
        ("const shape = z.object({\n  NAME: z.string(),\n});\n", set(), set()),
    ],
)
async def test_what_code_cannot_live_without(code: str, required: set[str], read: set[str]) -> None:
    found = await node_env(await open_files({"src/env.ts": code}))
    assert {one.name for one in found if one.required} == required
    assert {one.name for one in found if not one.required} == read


def test_names_that_are_fixed_in_the_build_are_said() -> None:
    assert baked_note(["DATABASE_URL"]) == ()
    assert "NEXT_PUBLIC_URL, VITE_KEY" in baked_note(["NEXT_PUBLIC_URL", "PORT_NAME", "VITE_KEY"])[0]


async def test_what_the_entry_does_not_lead_to_requires_nothing() -> None:
    check = "if (!process.env.NAME) throw new Error('missing')\n"
    files = await open_files(
        {
            "server.js": 'require("./config")\n',
            "config.js": check.replace("NAME", "NEEDED"),
            "release.js": check.replace("NAME", "OTHER"),
        }
    )
    found = await node_env(files, "server.js")
    assert {one.name: one.required for one in found} == {"NEEDED": True, "OTHER": False}
