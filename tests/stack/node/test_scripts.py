"""Scripts are followed to the commands that they run."""

import pytest

from devgem.stack.node.scripts import commands

SCRIPTS = {
    "prebuild": "npx prisma generate",
    "build": "run-s clean build:*",
    "clean": "rimraf dist",
    "build:css": "tailwindcss -i in.css",
    "build:app": "cross-env NODE_ENV=production CI=false vite build --outDir=../out && cd sub && npm i",
    "watch": 'concurrently "npm:build:css" "npm run clean"',
    "yarn": "yarn clean && yarn vite build && yarn workspace other build",
    "hooks": "if test $HUSKY != 0; then husky; fi",
    "loop": "npm run loop",
    "broken": "echo 'unclosed",
    "env": "dotenv -e .env -- tsx src/index.ts",
}


def words(name: str) -> list[str]:
    return [" ".join(command.words) for command in commands(SCRIPTS, name)]


def test_hooks_and_called_scripts_are_part_of_a_script() -> None:
    assert words("build") == [
        "prisma generate",
        "rimraf dist",
        "tailwindcss -i in.css",
        "vite build --outDir=../out",
        "npm i",
    ]


def test_what_stands_before_a_command_is_kept_beside_it() -> None:
    vite = commands(SCRIPTS, "build:app")[0]
    assert dict(vite.env) == {"NODE_ENV": "production", "CI": "false"}
    assert vite.option("--outDir") == "../out"
    assert commands(SCRIPTS, "build:app")[1].cwd == "sub"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("watch", ["tailwindcss -i in.css", "rimraf dist"]),
        ("yarn", ["rimraf dist", "vite build", "yarn workspace other build"]),
        ("hooks", ["test $HUSKY != 0", "husky"]),
        ("loop", []),
        ("broken", []),
        ("missing", []),
        ("env", ["tsx src/index.ts"]),
    ],
)
def test_ways_to_call_something(name: str, expected: list[str]) -> None:
    assert words(name) == expected


def test_words_that_need_a_shell_are_known() -> None:
    assert not commands({"start": "next start -p $PORT"}, "start")[0].plain
    assert commands({"start": "next start -p 3000"}, "start")[0].plain
