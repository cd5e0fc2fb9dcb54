"""Rust: what the examples do not show."""

import pytest

from tests.stack.trees import cited, planned, refused

AXUM = 'fn main() {\n    axum::serve(TcpListener::bind("0.0.0.0:3000"), app);\n}\n'
MANIFEST = '[package]\nname = "{}"\nversion = "0.1.0"\n\n[dependencies]\n{}\n'


async def test_the_install_has_every_file_that_makes_up_a_target() -> None:
    """Cargo refuses manifests whose targets are not there."""
    plan = await planned(
        {
            "Cargo.toml": '[workspace]\nmembers = ["server", "lib*"]\nexclude = ["lib-old"]\n',
            "Cargo.lock": "version = 3\n",
            "server/Cargo.toml": MANIFEST.format("server", 'axum = "0.7"\nlib = { path = "../lib" }'),
            "server/src/main.rs": AXUM,
            "server/src/pages.rs": "",
            "lib/Cargo.toml": MANIFEST.format("lib", ""),
            "lib/src/lib.rs": "",
            "lib-old/Cargo.toml": MANIFEST.format("old", ""),
        },
        "server",
    )
    assert sorted(plan.install_inputs) == [
        *("Cargo.lock", "Cargo.toml", "lib/Cargo.toml", "lib/src/lib.rs"),
        *("server/Cargo.toml", "server/src/main.rs"),
    ]
    assert plan.build_env["CARGO_HOME"] == "/deps/cargo" and plan.dir == "server"


async def test_libraries_of_other_members_are_not_installed() -> None:
    lock = (
        '[[package]]\nname = "a"\ndependencies = [\n "axum",\n]\n\n[[package]]\nname = "axum"\n\n'
        '[[package]]\nname = "b"\ndependencies = [\n "pq-sys",\n]\n\n[[package]]\nname = "pq-sys"\n'
    )
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["a", "b"]\n',
        "Cargo.lock": lock,
        "a/Cargo.toml": MANIFEST.format("a", 'axum = "0.7"'),
        "a/src/main.rs": AXUM,
        "b/Cargo.toml": MANIFEST.format("b", 'axum = "0.7"\ndiesel = "2"'),
        "b/src/main.rs": AXUM,
    }
    assert (await planned(files, "a")).requires_run == ()
    assert (await planned(files, "b")).requires_run == ("libpq5",)


async def test_openssl_that_is_compiled_along_needs_no_package() -> None:
    lock = '[[package]]\nname = "a"\ndependencies = [\n "openssl-sys",\n]\n\n[[package]]\nname = "openssl-sys"\n'
    vendored = lock + 'dependencies = [\n "openssl-src",\n]\n\n[[package]]\nname = "openssl-src"\n'
    files = {"Cargo.toml": MANIFEST.format("a", 'axum = "0.7"'), "src/main.rs": AXUM}
    assert "libssl-dev" in (await planned({**files, "Cargo.lock": lock})).requires_build
    assert "libssl-dev" not in (await planned({**files, "Cargo.lock": vendored})).requires_build


async def test_of_several_programs_the_stated_one_is_started() -> None:
    manifest = '[package]\nname = "a"\ndefault-run = "web"\n\n[dependencies]\naxum = "0.7"\n'
    files = {"src/bin/web.rs": AXUM, "src/bin/admin.rs": AXUM}
    plan = await planned({"Cargo.toml": manifest, **files})
    assert plan.start == ("./bin/web",)
    answer = await refused({"Cargo.toml": manifest.replace('default-run = "web"\n', ""), **files})
    assert "web" in answer.reason and "default-run" in answer.fix


async def test_queries_that_are_checked_while_compiling_need_what_sqlx_has_prepared() -> None:
    files = {
        "Cargo.toml": MANIFEST.format("a", 'axum = "0.7"\nsqlx = "0.8"'),
        "src/main.rs": 'fn q() {\n    sqlx::query!("SELECT 1");\n}\n' + AXUM,
    }
    unprepared = await planned(files)
    assert unprepared.stack.confidence == "low" and any("src/main.rs:2" in note for note in unprepared.notes)
    prepared = await planned({**files, ".sqlx/query-1.json": "{}"})
    assert prepared.build_env["SQLX_OFFLINE"] == "true" and prepared.stack.confidence == "high"


async def test_ports_in_tests_are_not_its_own() -> None:
    code = (
        AXUM.replace('"0.0.0.0:3000"', "address()")
        + '#[cfg(test)]\nmod tests {\n    const A: &str = "127.0.0.1:9999";\n}\n'
    )
    plan = await planned({"Cargo.toml": MANIFEST.format("a", 'axum = "0.7"'), "src/main.rs": code})
    assert plan.port == 8080 and plan.stack.confidence == "low"


@pytest.mark.parametrize("crate", ["shuttle-runtime", "leptos", "worker", "lambda_http"])
async def test_what_another_platform_starts_is_not_planned(crate: str) -> None:
    answer = await refused({"Cargo.toml": MANIFEST.format("a", f'{crate} = "1"'), "src/main.rs": "fn main() {}\n"})
    assert "Dockerfile" in answer.fix


@pytest.mark.parametrize(
    ("path", "text", "version"),
    [
        ("rust-toolchain", "nightly-2024-05-01\n", "nightly-2024-05-01"),
        ("rust-toolchain.toml", '[toolchain]\nchannel = "stable"\n', "1"),
        (".tool-versions", "rust 1.80.1\n", "1.80.1"),
    ],
)
async def test_the_toolchain_is_the_stated_one(path: str, text: str, version: str) -> None:
    plan = await planned({"Cargo.toml": MANIFEST.format("a", 'axum = "0.7"'), "src/main.rs": AXUM, path: text})
    assert plan.stack.version == version and cited(plan, "version")[1] == path


async def test_a_member_called_worker_is_not_the_crate_of_that_name() -> None:
    plan = await planned(
        {
            "Cargo.toml": MANIFEST.format("a", 'worker = { path = "worker" }'),
            "src/main.rs": "fn main() {}\n",
            "worker/Cargo.toml": MANIFEST.format("worker", ""),
            "worker/src/lib.rs": "",
        }
    )
    assert plan.stack.kind == "worker"
