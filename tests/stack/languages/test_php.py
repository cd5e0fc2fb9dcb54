"""PHP: what the examples do not show."""

import json
from typing import Any

import pytest

from devgem.stack.languages.composer import debian_packages
from tests.stack.trees import cited, planned, refused


def composer(**manifest: Any) -> str:
    return json.dumps(manifest, indent=2)


def test_extensions_are_named_as_debian_names_them() -> None:
    assert debian_packages(["pdo_mysql", "intl"]) == ("php-intl", "php-pdo-mysql")


@pytest.mark.parametrize(
    ("php", "locked", "version"),
    [
        ("^8.1", [], "8.4"),
        ("^7.2 || ^8.0", [">=7.1,<8.3"], "8.2"),
        (">=7.4 <8.0", [], "7.4"),
        ("~8.2.0", [], "8.2"),
        ("^8.0", ["^8.1@dev", "8.2.* || 8.3.*"], "8.3"),
    ],
)
async def test_the_newest_php_that_all_packages_admit_is_taken(php: str, locked: list[str], version: str) -> None:
    lock = {"packages": [{"name": f"a/{n}", "require": {"php": one}} for n, one in enumerate(locked)]}
    plan = await planned(
        {"composer.json": composer(require={"php": php}), "composer.lock": json.dumps(lock), "index.php": "<?php\n"}
    )
    assert plan.stack.version == version


async def test_a_lock_file_too_large_to_read_is_left_to_composer() -> None:
    lock = '{"packages": [' + '{"name": "a/b"},' * 80_000
    plan = await planned(
        {"composer.json": composer(require={"php": "^8.2"}), "composer.lock": lock, "index.php": "<?php\n"}
    )
    assert plan.stack.version == "8.4" and "composer.lock" in plan.install_inputs


async def test_the_sources_of_a_class_map_are_inputs_of_the_install() -> None:
    plan = await planned(
        {
            "composer.json": composer(require={"php": "^8.2"}, autoload={"classmap": ["lib/", "./legacy.php"]}),
            "lib/A.php": "<?php\n",
            "legacy.php": "<?php\n",
            "other.php": "<?php\n",
            "index.php": "<?php\n",
        }
    )
    assert plan.install_inputs == ("composer.json", "legacy.php", "lib/A.php")


async def test_extensions_that_every_php_has_are_not_installed() -> None:
    requires = {"php": "^8.2", "ext-json": "*", "ext-pdo": "*", "ext-gd": "*", "ext-PDO_PGSQL": "*"}
    plan = await planned({"composer.json": composer(require=requires), "index.php": "<?php\n"})
    assert plan.requires_run == ("php-gd", "php-pdo-pgsql")
    assert cited(plan, "extension") == ("gd", "composer.json", 6)


async def test_the_folder_that_a_script_serves_goes_before_the_usual_ones() -> None:
    plan = await planned(
        {
            "composer.json": composer(scripts={"serve": ["@php -S 0.0.0.0:8000 -t site site/dev.php"]}),
            "public/index.php": "<?php\n",
            "site/dev.php": "<?php\n",
        }
    )
    assert plan.start == ("sh", "-c", "exec php -S 0.0.0.0:$PORT -t site site/dev.php")


async def test_an_index_that_serves_files_itself_is_the_router() -> None:
    index = (
        "<?php\nif (PHP_SAPI === 'cli-server' && is_file(__DIR__ . $_SERVER['REQUEST_URI'])) {\n    return false;\n}\n"
    )
    plan = await planned({"webroot/index.php": index})
    assert plan.start == ("sh", "-c", "exec php -S 0.0.0.0:$PORT -t webroot webroot/index.php")


async def test_pages_among_html_files_are_served_from_their_folder() -> None:
    plan = await planned({"index.html": "<p>", "contact.php": "<?php mail();\n"})
    assert plan.stack.kind == "server" and plan.stack.language == "php"


async def test_a_program_that_listens_by_itself_is_started_itself() -> None:
    code = "<?php\n$socket = new React\\Socket\\SocketServer('0.0.0.0:' . getenv('PORT'));\n"
    plan = await planned({"composer.json": composer(require={"react/http": "^1"}), "server.php": code})
    assert plan.start == ("php", "server.php") and plan.stack.kind == "server"


async def test_one_script_alone_is_a_worker_and_several_are_a_question() -> None:
    worker = await planned({"bot.php": "<?php while (true) { poll(); }\n"})
    assert worker.stack.kind == "worker" and worker.stack.confidence == "low"
    answer = await refused({"a.php": "<?php\n", "b.php": "<?php\n"})
    assert "which PHP file to start" in answer.reason


async def test_laravel_with_a_database_server_keeps_its_own_sessions() -> None:
    plan = await planned(
        {
            "composer.json": composer(require={"laravel/framework": "^11"}),
            "artisan": "",
            "public/index.php": "<?php\n",
            "config/session.php": "<?php return ['driver' => env('SESSION_DRIVER', 'database')];\n",
            ".env.example": "DB_CONNECTION=pgsql\n",
        }
    )
    assert "SESSION_DRIVER" not in plan.run_env and "php-pdo-pgsql" in plan.requires_run
