"""Hugo: what the examples do not show."""

import pytest

from tests.stack.trees import cited, planned, refused


async def test_a_zola_site_is_not_taken_for_hugo() -> None:
    answer = await refused(
        {"config.toml": 'base_url = "https://x"\n', "content/_index.md": "", "templates/index.html": ""}
    )
    assert answer.language != "hugo"


async def test_hugo_modules_need_go_and_git_to_build() -> None:
    plan = await planned(
        {
            "config/_default/hugo.yaml": "baseURL: /\nmodule:\n  imports:\n    - path: github.com/google/docsy\n",
            "go.mod": "module example.com/site\n\ngo 1.21\n\nrequire github.com/google/docsy v0.10.0\n",
            "content/_index.md": "",
        }
    )
    assert plan.stack.language == "hugo" and {"git", "golang-go"} <= set(plan.requires_build)


async def test_packages_that_hugo_calls_are_installed_before_it() -> None:
    package = '{"devDependencies": {"postcss-cli": "11"}}'
    plan = await planned({"hugo.toml": 'baseURL = "/"\n', "package.json": package, "package-lock.json": "{}"})
    assert plan.install == (("npm", "ci"),) and plan.deps == ("node_modules",)


async def test_themes_may_be_several_and_elsewhere() -> None:
    config = 'baseURL = "/"\nthemesDir = "../../themes"\ntheme = ["one", "two"]\n'
    files = {"themes/one/layouts/index.html": "", "sites/a/hugo.toml": config, "sites/a/content/x.md": ""}
    answer = await refused(files, "sites/a")
    assert "'two'" in answer.reason and "themes/two" in answer.reason


@pytest.mark.parametrize(
    ("path", "text", "version"),
    [
        (".hugo-version", "0.119.0\n", "0.119.0"),
        (".tool-versions", "hugo extended_0.120.4\n", "0.120.4"),
        (".github/workflows/site.yml", "env:\n  HUGO_VERSION: 0.124.1\n", "0.124.1"),
        ("vercel.json", '{"build": {"env": {"HUGO_VERSION": "0.111.3"}}}', "0.111.3"),
    ],
)
async def test_the_version_is_where_its_host_is_told(path: str, text: str, version: str) -> None:
    plan = await planned({"hugo.toml": 'baseURL = "/"\n', "content/a.md": "", path: text})
    assert plan.stack.version == version and cited(plan, "version")[1] == path


async def test_a_theme_alone_is_no_site() -> None:
    files = {"theme.toml": "", "layouts/index.html": "", "go.mod": "module x\n", "exampleSite/content/a.md": ""}
    answer = await refused(files)
    assert "theme without a site" in answer.reason and answer.candidates[0].dir == "exampleSite"
