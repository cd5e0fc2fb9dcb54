"""Configurations are read as text: what is in comments and strings does not count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.stack.node.javascript import Code
from devgem.stack.node.values import evaluate, read

CONFIG = """\
import path from "node:path"; // it's "quoted"
const isProduction = process.env.NODE_ENV === "production"
const folder = process.env.OUT ?? "built"
const quotes = /['"`]/g

export default defineConfig(({ mode }) => {
  /* base: "/not-this/" */
  return {
    base: isProduction ? "/app/" : "/",
    "quoted-key": !1 ? 1 : "b" + "c",
    plugins: [svelte({ build: { outDir: "of-the-plugin" } }), adapter({ fallback: "200.html" })],
    build: {
      outDir: path.resolve(__dirname, "..", folder),
      text: `outDir: ${mode} {`,
    },
  };
});
"""


def test_a_property_is_found_at_its_path_with_its_line() -> None:
    (entry,) = Code(CONFIG).find("base")
    assert (entry.value, entry.line) == ('isProduction ? "/app/" : "/"', 9)


def test_what_a_plugin_is_given_is_not_the_configuration() -> None:
    code = Code(CONFIG)
    assert [entry.line for entry in code.find("build.outDir")] == [13]
    assert [entry.value for entry in code.find("build.outDir", within="svelte()")] == ['"of-the-plugin"']
    assert [entry.value for entry in code.find("fallback", within="adapter()")] == ['"200.html"']


@pytest.mark.parametrize(
    ("key", "value", "env"),
    [
        ("base", "/app/", set()),
        ("quoted-key", "bc", set()),
        ("build.outDir", "../built", {"OUT"}),
        ("build.text", "outDir: production {", set()),
    ],
)
def test_values_are_worked_out_as_in_a_production_build(key: str, value: str, env: set[str]) -> None:
    setting = read(Code(CONFIG), key)
    assert setting is not None
    assert setting.value.value == value
    assert set(setting.value.env) == env


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'a'", "a"),
        ("(3000)", 3000),
        ("process.env.X || 8080", 8080),
        ("Number(process.env.PORT ?? '3000')", "3000"),
        ("config.get('PORT', 4000)", 4000),
        ("command === 'serve' ? 'dev' : 'made'", "made"),
        ("fileURLToPath(new URL('./out', import.meta.url))", "./out"),
        ("undefined", None),
        ("'x' as const", "x"),
    ],
)
def test_expressions_that_can_be_known(expression: str, value: object) -> None:
    found = evaluate(expression, Code(""))
    assert found.known and found.value == value


@pytest.mark.parametrize("expression", ["", "make()", "a.b", "[1]", "{}", "f(x) ? 1 : 2", "`${name}`", "x => x"])
def test_what_cannot_be_known_is_not_guessed(expression: str) -> None:
    assert not evaluate(expression, Code("")).known


def test_a_name_bound_twice_is_not_known() -> None:
    assert not evaluate("a", Code("let a = 1\na = 2")).known
    assert evaluate("a", Code("const a = 1\nconst b = a")).value == 1


def test_names_that_refer_to_each_other_end() -> None:
    assert not evaluate("a", Code("const a = b\nconst b = a")).known


def test_two_answers_in_one_file_are_none() -> None:
    setting = read(Code("export default x ? { out: 'a' } : { out: 'b' }"), "out")
    assert setting is not None and not setting.value.known


def test_an_assignment_and_a_shorthand_count_as_settings() -> None:
    assigned = read(Code("const config = {}\nconfig.output = 'export'"), "output")
    short = read(Code("const outDir = 'www'\nexport default { build: { outDir } }"), "build.outDir")
    assert assigned is not None and (assigned.value.value, assigned.line) == ("export", 2)
    assert short is not None and short.value.value == "www"


def test_modules_are_those_of_imports_requires_and_exports() -> None:
    code = Code("import 'a'; import b from \"b\"; const c = require('c'); export * from './d'; // import 'e'\n")
    assert code.modules() == ("a", "b", "c", "./d")


@given(st.text(alphabet="abc:{}[]()'\"`/\\*$,;\n =?.", max_size=80))
def test_any_text_is_read_without_stumbling_and_keeps_its_length(text: str) -> None:
    code = Code(text)
    assert len(code.bare) == len(code.shape) == len(text)
    assert code.bare.count("\n") == text.count("\n")
    for entry in code.entries:
        assert 1 <= entry.line <= text.count("\n") + 1
        evaluate(entry.value, code)
