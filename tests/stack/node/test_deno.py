"""Deno programs are planned by their tasks, or by the file that serves."""

import json

import pytest

from devgem.domain.plan import Kind, display
from tests.stack.trees import planned, refused

SERVES = "Deno.serve(() => new Response('hello'));\n"


def config(**keys: object) -> str:
    return json.dumps(keys, indent=1)


@pytest.mark.parametrize(
    ("tasks", "start"),
    [
        ({"start": "deno run -A main.ts"}, "deno run -A main.ts"),
        ({"start": "deno run -A --watch=static/ main.ts"}, "deno run -A main.ts"),
        ({"start": {"command": "deno run --allow-net main.ts"}}, "deno run --allow-net main.ts"),
        ({"start": "deno task run", "run": "deno run -A main.ts"}, "deno run -A main.ts"),
        ({"start": "deno serve main.ts"}, "deno serve --port ${PORT:-8000} main.ts"),
        ({"start": "deno serve --port=9000 main.ts"}, "deno serve --port=9000 main.ts"),
        ({"dev": "deno run -A --watch dev.ts"}, "deno run -A main.ts"),
        ({}, "deno run -A main.ts"),
    ],
)
async def test_tasks_and_the_command_that_they_come_to(tasks: dict[str, object], start: str) -> None:
    plan = await planned({"deno.json": config(tasks=tasks), "main.ts": SERVES})
    assert plan.start is not None and display(plan.start) == start
    assert (plan.stack.language, plan.stack.kind) == ("deno", Kind.SERVER)


async def test_a_lock_file_is_kept_to_and_nothing_but_manifests_is_read() -> None:
    plan = await planned({"deno.json": config(imports={"x": "npm:x@1"}), "deno.lock": "{}", "main.ts": SERVES})
    assert plan.to_json()["install"] == ["deno install --frozen"]
    assert plan.install_inputs == ("deno.json", "deno.lock")
    assert plan.deps == ("/deps/deno",)


async def test_addresses_in_the_sources_make_all_sources_inputs() -> None:
    code = 'import { x } from "./lib/x.ts";\n' + SERVES
    plan = await planned({"main.ts": code, "lib/x.ts": 'export * from "npm:x@1";\n', "README.md": ""})
    assert plan.to_json()["install"] == ["deno install --entrypoint main.ts"]
    assert plan.install_inputs == ("lib/x.ts", "main.ts")


async def test_a_package_that_node_starts_is_left_to_node() -> None:
    package = json.dumps({"scripts": {"start": "node index.js"}})
    files = {"package.json": package, "deno.json": "{}", "index.js": "http.createServer(f).listen(process.env.PORT)\n"}
    assert (await planned(files)).stack.language == "node"


async def test_a_program_without_a_start_says_what_to_add() -> None:
    answer = await refused({"deno.json": config(tasks={"test": "deno test"}), "mod.ts": "export const one = 1;\n"})
    assert '"start" task' in answer.fix
