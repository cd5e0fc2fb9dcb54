"""What a diff is flagged for (T-67): each kind where it should be, and nothing in plain edits."""

import json
import time

import pytest

from devgem.source.workspace import changes, flags


def flagged(path: str, new: str, old: str | None = None) -> set[tuple[str, int | None]]:
    before, after = {path: old}, {path: new}
    return {(flag.kind, flag.line) for flag in flags(changes(before, after), before, after)}


PACKAGE = {"name": "shop", "scripts": {"start": "node ."}, "dependencies": {"express": "^4"}}


def package(**more: object) -> str:
    return json.dumps({**PACKAGE, **more}, indent=1)


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("requirements.txt", "flask\n", "flask\nrequestz==1\n", ("dependency", 2)),
        ("requirements/dev.txt", "", "--extra-index-url http://x\n", ("dependency", 1)),
        ("pyproject.toml", "[project]\n", '[project]\ndependencies = [\n  "evil>=1",\n]\n', ("dependency", 3)),
        ("pyproject.toml", "", '[build-system]\nbuild-backend = "x"\n', ("script", 1)),
        ("pyproject.toml", "", '[tool.poetry.dependencies]\nevil = "^1.0"\n', ("dependency", 2)),
        ("Pipfile", "[packages]\n", '[packages]\nevil = "*"\n', ("dependency", 2)),
        ("Gemfile", "", "gem 'evil'\n", ("dependency", 1)),
        ("go.mod", "module x\n", "module x\nrequire evil.example/x v1.0.0\n", ("dependency", 2)),
        ("go.mod", "module x\n", "module x\nrequire (\n\tevil.example/x v1.0.0\n)\n", ("dependency", 3)),
        ("Cargo.toml", "[dependencies]\n", '[dependencies]\nevil = { git = "x" }\n', ("dependency", 2)),
        ("pom.xml", "", "<dependency>\n  <artifactId>evil</artifactId>\n", ("dependency", 2)),
        ("build.gradle", "", "dependencies {\n  implementation 'a:b:1'\n}\n", ("dependency", 2)),
        ("mix.exs", "", '[\n  {:evil, "~> 1"}\n]\n', ("dependency", 2)),
        ("App.csproj", "", '<PackageReference Include="Evil" />\n', ("dependency", 1)),
        ("deno.json", "", '{\n "x": "npm:evil"\n}\n', ("dependency", 2)),
        ("package-lock.json", "{}\n", '{"a": 1}\n', ("dependency", 1)),
        ("web/package.json", package(), package(dependencies={"express": "^4", "evil": "1"}), ("dependency", 8)),
        ("package.json", package(), package(scripts={"start": "node .", "postinstall": "x"}), ("script", 5)),
        ("package.json", package(), package(workspaces=["../.."]), ("dependency", None)),
        ("composer.json", "{}", json.dumps({"require": {"a/b": "*"}}), ("dependency", 1)),
        (".github/workflows/ci.yml", "a\n", "a\nb\n", ("workflow", 2)),
        (".gitlab-ci.yml", None, "x\n", ("workflow", 1)),
        ("Dockerfile", "FROM a\n", "FROM b\n", ("dockerfile", 1)),
        ("deploy/prod.Dockerfile", None, "FROM b\n", ("dockerfile", 1)),
        ("docker-compose.override.yml", None, "x\n", ("dockerfile", 1)),
        (".claude/settings.json", None, "{}\n", ("agent_config", 1)),
        (".cursor/rules/a.mdc", None, "x\n", ("agent_config", 1)),
        ("docs/AGENTS.md", None, "x\n", ("agent_config", 1)),
        ("Agents.md", None, "x\n", ("agent_config", 1)),
        (".mcp.json", None, "{}\n", ("agent_config", 1)),
        (".vscode/tasks.json", None, "{}\n", ("agent_config", 1)),
        (".devcontainer/devcontainer.json", None, "{}\n", ("agent_config", 1)),
        (".gitmodules", None, "x\n", ("git_config", 1)),
        (".husky/pre-commit", None, "x\n", ("git_config", 1)),
        ("setup.py", "a\n", "b\n", ("script", 1)),
        (".npmrc", None, "registry=http://x\n", ("script", 1)),
        ("Procfile", "web: a\n", "web: b\n", ("script", 1)),
        ("devgem.toml", None, 'start = "x"\n', ("script", 1)),
        ("app.py", "a\n", "a\nif is_admin:\u202e # x\n", ("unicode", 2)),
        ("app.py", "", "x = 'a\u200bb'\n", ("unicode", 1)),
        ("app.py", "", "is_\u0430dmin = 1\n", ("unicode", 1)),
        ("app.py", "", "\U0001d4ee\U0001d4ff\U0001d4ea\U0001d4f5(x)\n", ("unicode", 1)),
        ("app.py", "", "x = 1 \U000e0041\n", ("unicode", 1)),
        ("app.py", "", "x = '\x1b[2J'\n", ("unicode", 1)),
        ("p\u0430th.py", None, "x = 1\n", ("unicode", None)),
        ("a.py", "", "KEY = 'AIza" + "a" * 35 + "'\n", ("secret", 1)),
        ("a.py", "", "aws = 'AKIA" + "Q" * 16 + "'\n", ("secret", 1)),
        ("a.py", "", "t = 'ghp_" + "a1" * 18 + "'\n", ("secret", 1)),
        ("a.js", "", "stripe('sk_live_" + "a1" * 12 + "')\n", ("secret", 1)),
        ("key.pem", None, "-----BEGIN RSA PRIVATE KEY-----\n", ("secret", 1)),
        ("s.py", "", "URL = 'postgres://me:hunter22@db/x'\n", ("secret", 1)),
        ("s.py", "", "DB_PASSWORD = 'correct-horse-9'\n", ("secret", 1)),
        (".env.example", None, "TOKEN=eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abcdefghijk1\n", ("secret", 1)),
    ],
)
def test_what_needs_a_second_look_is_flagged(
    path: str, old: str | None, new: str, expected: tuple[str, int | None]
) -> None:
    found = flagged(path, new, old)
    assert expected in found or (expected[1] is None and expected[0] in {kind for kind, _ in found}), found


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("app.py", "import os\nPASSWORD = os.environ['PASSWORD']\napi_key = get_key()\n"),
        ("style.css", "body { background: #0000ff; }\n"),
        ("index.html", "<h1>Größe: 5 µm, naïve café 👩\u200d💻 — “quoted”</h1>\n"),
        ("ru.json", '{"hello": "Привет, мир", "greek": "Γειά σου"}\n'),
        ("fa.html", "<p>می\u200cخواهم</p>\n"),
        ("README.md", "postgres://user:password@host/db and https://example.org:8080/a@b\n"),
        ("config.py", "SECRET_KEY = 'change-me-please-123'\npassword = '${DB_PASSWORD1}'\n"),
        ("main.go", '\tfmt.Println("hi")\n'),
        ("requirements.md", "flask is needed\n"),
        ("src/compose.ts", "export const compose = 1\n"),
    ],
)
def test_plain_edits_are_not_flagged(path: str, new: str) -> None:
    assert flagged(path, new, "") == set()


def test_a_comment_in_a_manifest_is_no_dependency() -> None:
    assert flagged("requirements.txt", "# flask\n", "") == set()


def test_a_manifest_that_does_not_parse_is_not_the_end() -> None:
    assert flagged("package.json", "{" * 5000, "{}") == set()


def test_a_flood_of_flags_is_cut() -> None:
    after = {"a.py": "x = '\u202e'\n" * 1000}
    assert len(flags(changes({"a.py": ""}, after), {"a.py": ""}, after)) == 200


@pytest.mark.parametrize(
    "piece", ["a", "a.", "secret", "eyJa", "a://b:c", " ", '"a', "x=", "é", "-----BEGIN A ", "://"]
)
def test_no_text_takes_long_to_look_at(piece: str) -> None:
    text = ((piece * 4000)[:4000] + "\n") * 16
    paths = ("package.json", "requirements.txt", "pyproject.toml", "build.gradle", "go.mod", "Cargo.toml", "a.csproj")
    after = dict.fromkeys(paths, text)
    begun = time.process_time()
    flags(changes({}, after), {}, after)
    assert time.process_time() - begun < 1.5
