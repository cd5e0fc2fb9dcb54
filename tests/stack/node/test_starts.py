"""What is started is what a production start runs, not what a developer types."""

import json
from typing import Any

import pytest

from devgem.domain.plan import Kind, display
from tests.stack.trees import planned, refused

EXPRESS = "const app = require('express')()\napp.listen(process.env.PORT || 3000)\n"
TYPED = {"devDependencies": {"typescript": "5.8.0", "tsx": "4.0.0", "nodemon": "3.1.0"}}


def tree(scripts: dict[str, str], files: dict[str, str] | None = None, **keys: Any) -> dict[str, str]:
    data = {"scripts": scripts, "dependencies": {"express": "5.1.0"}, **keys}
    return {"package.json": json.dumps(data), "package-lock.json": "{}", **(files or {"index.js": EXPRESS})}


@pytest.mark.parametrize(
    ("scripts", "start"),
    [
        ({"start": "node index.js"}, "node index.js"),
        ({"start": "node ."}, "node ."),
        ({"start": "npm run serve", "serve": "node index.js"}, "node index.js"),
        ({"start": "nodemon index.js"}, "node index.js"),
        ({"start": "nodemon --watch src -e js index.js"}, "node index.js"),
        ({"start": "node --watch index.js"}, "node index.js"),
        (
            {"start": "nodemon index.js", "start:prod": "node --enable-source-maps index.js"},
            "node --enable-source-maps index.js",
        ),
        ({"start": "pm2 start index.js"}, "node index.js"),
        ({"start": "node index.js --port $PORT"}, "node index.js --port $PORT"),
        ({"dev": "nodemon"}, "node index.js"),
        ({}, "node index.js"),
    ],
)
async def test_scripts_and_the_command_that_they_come_to(scripts: dict[str, str], start: str) -> None:
    plan = await planned(tree(scripts))
    assert plan.start is not None
    assert (display(plan.start), plan.stack.kind) == (start, Kind.SERVER)


@pytest.mark.parametrize(
    ("scripts", "start"),
    [
        ({"start": "nodemon --exec tsx src/index.ts"}, "node_modules/.bin/tsx src/index.ts"),
        ({"start": "tsx watch src/index.ts"}, "node_modules/.bin/tsx src/index.ts"),
        ({"dev": "tsx watch src/index.ts", "build": "tsc"}, "node build/index.js"),
        ({"dev": "tsx watch src/index.ts", "build": "tsc", "start": "node build/index.js"}, "node build/index.js"),
    ],
)
async def test_typescript_is_compiled_where_there_is_a_build_and_else_run_as_stated(
    scripts: dict[str, str], start: str
) -> None:
    config = json.dumps({"compilerOptions": {"outDir": "./build", "rootDir": "src"}})
    plan = await planned(tree(scripts, {"src/index.ts": EXPRESS, "tsconfig.json": config}, **TYPED))
    assert plan.start is not None and display(plan.start) == start


async def test_variables_of_the_script_are_given_to_the_app() -> None:
    plan = await planned(tree({"start": "cross-env NODE_ENV=staging LOG=1 node index.js"}))
    assert plan.start == ("node", "index.js")
    assert dict(plan.run_env) == {"NODE_ENV": "staging", "LOG": "1"}


async def test_what_a_start_script_builds_and_migrates_first_is_done_before() -> None:
    plan = await planned(tree({"start": "prisma migrate deploy && tsc && node index.js"}))
    assert plan.to_json()["build"] == ["npx tsc"]
    assert plan.release == (("npx", "prisma", "migrate", "deploy"),)
    assert plan.start == ("node", "index.js")


async def test_typescript_without_a_build_script_is_compiled_for_a_start_that_needs_it() -> None:
    plan = await planned(tree({"start": "node dist/index.js"}, {"src/index.ts": EXPRESS}, **TYPED))
    assert plan.to_json()["build"] == ["npx tsc"]


async def test_a_program_that_listens_to_nobody_is_a_worker() -> None:
    plan = await planned(
        {**tree({"start": "node bot.js"}, {"bot.js": "client.login()\n"}, dependencies={"discord.js": "14"})}
    )
    assert plan.stack.kind is Kind.WORKER and plan.stack.confidence == "high"


async def test_a_server_framework_that_is_not_seen_to_listen_is_a_guess() -> None:
    plan = await planned(tree({"start": "node bot.js"}, {"bot.js": "client.login()\n"}))
    assert (plan.stack.kind, plan.stack.confidence) == (Kind.SERVER, "low")


async def test_one_address_of_the_machine_itself_is_said() -> None:
    plan = await planned(tree({"start": "node index.js"}, {"index.js": "app.listen(3000, '127.0.0.1')\n"}))
    assert any("127.0.0.1 only" in note for note in plan.notes)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"main": "index.js"}, "library"),
        ({"bin": {"x": "index.js"}}, "command-line"),
        ({"devDependencies": {"electron": "35"}}, "desktop"),
        ({"dependencies": {"react-native": "0.79"}}, "mobile"),
        ({"engines": {"vscode": "^1.90.0"}}, "extension"),
        ({"dependencies": {"firebase-functions": "6"}}, "firebase-functions"),
        ({"devDependencies": {"eslint": "9"}}, "no start script"),
    ],
)
async def test_what_is_no_app_is_called_what_it_is(data: dict[str, Any], word: str) -> None:
    answer = await refused({"package.json": json.dumps(data), "index.js": "module.exports = 1\n"})
    assert word in answer.reason and answer.fix
    assert answer.evidence


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"scripts": ["start"], "dependencies": null, "bin": 3, "workspaces": {"packages": "x"}, "engines": []}',
        '{"scripts": {"start": 1, "build": ""}, "main": {}, "packageManager": 4, "devEngines": "x", "name": []}',
    ],
)
async def test_a_package_of_any_shape_is_read_without_stumbling(text: str) -> None:
    assert (await refused({"package.json": text})).reason


NEXT = {"dependencies": {"next": "15.0.0"}, "scripts": {"build": "next build", "start": "next start"}}


async def test_a_server_of_the_projects_own_stands_before_the_framework() -> None:
    package = {**NEXT, "scripts": {"build": "next build", "start": "node server.js"}}
    server = "createServer(handler).listen(process.env.PORT || 4100)\n"
    plan = await planned({"package.json": json.dumps(package), "server.js": server, "app/page.js": ""})
    assert (plan.start, plan.stack.framework, plan.port) == (("node", "server.js"), "next", 4100)


async def test_a_server_beside_a_single_page_app_makes_a_server_of_both() -> None:
    package = {
        "scripts": {"build": "vite build", "start": "node server.js"},
        "dependencies": {"express": "5.1.0"},
        "devDependencies": {"vite": "6.0.0"},
    }
    plan = await planned({"package.json": json.dumps(package), "index.html": "", "server.js": EXPRESS})
    assert plan.stack.kind is Kind.SERVER and plan.static is None
    assert plan.to_json()["build"] == ["npm run build"]


async def test_a_package_made_with_a_framework_is_not_taken_for_an_app() -> None:
    package = {"main": "index.js", "devDependencies": {"next": "15.0.0", "astro": "5.0.0", "nuxt": "4.0.0"}}
    answer = await refused({"package.json": json.dumps(package), "index.js": ""})
    assert "library" in answer.reason


@pytest.mark.parametrize(("vite", "loader"), [("^7.3.2", " --configLoader runner"), ("^5.4.0", "")])
async def test_vites_preview_writes_nothing_among_the_dependencies_where_it_can_be_told(vite: str, loader: str) -> None:
    packages = {"@sveltejs/kit": "^2.0.0", "@sveltejs/adapter-vercel": "^6.0.0", "vite": vite}
    config = "import adapter from '@sveltejs/adapter-vercel';\nexport default { kit: { adapter: adapter() } };\n"
    files = {"svelte.config.js": config, "src/routes/+page.svelte": "hello"}
    plan = await planned(tree({"build": "vite build"}, files, dependencies={}, devDependencies=packages))
    start = f"exec node_modules/.bin/vite preview{loader} --host 0.0.0.0 --port ${{PORT:-4173}}"
    assert (plan.start, plan.stack.confidence) == (("sh", "-c", start), "low")
