import pytest

from devgem.stack.env_names import find_env, names, required_names, source_paths
from tests.stack.trees import open_files

READS = {
    "node": (
        "src/a.ts",
        """
        const { SHARED } = process.env
        process.env.PLAIN; process.env["QUOTED"]; import.meta.env.VITE_KEY; process.env.PORT
        new Stripe(process.env.STRIPE_KEY!)
        if (!process.env.DATABASE_URL) {
          throw new Error("x")
        }
        const s = process.env.SESSION ?? throw_()
        """,
        ["DATABASE_URL", "PLAIN", "QUOTED", "SESSION", "SHARED", "STRIPE_KEY", "VITE_KEY"],
        ["DATABASE_URL", "STRIPE_KEY"],
    ),
    "go": (
        "main.go",
        """
        dsn := os.Getenv("DSN")
        if dsn == "" {
            log.Fatal("DSN")
        }
        os.LookupEnv("REGION")
        """,
        ["DSN", "REGION"],
        ["DSN"],
    ),
    "ruby": ("app.rb", """ENV["A"]; ENV.fetch("B"); ENV.fetch("C", 1); ENV.fetch("D") { 2 }""", list("ABCD"), ["B"]),
    "php": ("index.php", """env('APP_KEY'); getenv("DB"); $_ENV['X']""", ["APP_KEY", "DB", "X"], []),
    "java": ("application.properties", "url=${DB_URL}\nname=${NAME:none}\n", ["DB_URL", "NAME"], ["DB_URL"]),
    "rust": ("src/main.rs", """env::var("A").expect("A"); std::env::var("B").ok()""", ["A", "B"], ["A"]),
    "elixir": (
        "config/runtime.exs",
        """System.get_env("A") || raise "a"; System.fetch_env!("B"); System.get_env("C")""",
        ["A", "B", "C"],
        ["A", "B"],
    ),
    "dotnet": ("P.cs", """Environment.GetEnvironmentVariable("A") ?? throw new X();""", ["A"], ["A"]),
}  # fmt: skip


@pytest.mark.parametrize("language", sorted(READS))
async def test_the_names_that_code_reads_are_found_and_those_it_stops_without(language: str) -> None:
    path, text, expected, required = READS[language]
    reads = await find_env(await open_files({path: text}), language)
    assert list(names(reads)) == expected
    assert list(required_names(reads)) == required


async def test_a_read_says_its_file_and_line_and_a_required_one_is_kept() -> None:
    reads = await find_env(await open_files({"a.rb": 'ENV["KEY"]\n', "b.rb": '\n\nENV.fetch("KEY")\n'}), "ruby")
    assert [(r.path, r.line, r.required) for r in reads] == [("b.rb", 3, True)]


async def test_tests_examples_and_vendored_code_are_not_the_app() -> None:
    files = await open_files(
        dict.fromkeys(
            ["app.py", "lib/db.py", "tests/test_app.py", "examples/a.py", "docs_src/b.py", "venv/c.py", "test_x.py"], ""
        )
    )
    assert source_paths(files, (".py",)) == ["app.py", "lib/db.py"]
