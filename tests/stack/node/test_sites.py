"""Where a static build leaves its files is read from its configuration, or looked for; never assumed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from devgem.domain.plan import Kind, StaticSite
from tests.stack.trees import planned, refused

PAGE = "<!doctype html>\n"


def vite(config: str, script: str = "vite build", **files: str) -> dict[str, str]:
    package = {"scripts": {"build": script}, "devDependencies": {"vite": "6.0.0"}}
    return {"package.json": json.dumps(package), "index.html": PAGE, "vite.config.ts": config, **files}


async def site(files: dict[str, str]) -> StaticSite:
    plan = await planned(files)
    assert plan.stack.kind is Kind.STATIC and plan.static is not None
    return plan.static


@pytest.mark.parametrize(
    ("config", "script", "root"),
    [
        ("export default {}", "vite build", "dist"),
        ("export default { build: { outDir: './www' } }", "vite build", "www"),
        ("export default { build: { outDir: 'www' } }", "tsc && vite build --outDir made", "made"),
        ("// outDir: 'x'\nexport default { plugins: [pwa({ srcDir: 'y' })] }", "vite build", "dist"),
        ("const out = resolve(__dirname, 'a/b')\nexport default { build: { outDir: out } }", "vite build", "a/b"),
    ],
)
async def test_the_folder_of_vite(config: str, script: str, root: str) -> None:
    assert (await site(vite(config, script))).root == root


@pytest.mark.parametrize(
    "config",
    [
        "export default { build: { outDir: process.env.OUT } }",
        "export default { build: { outDir: folder() } }",
        "export default { build: { ...shared, outDir } }",
        "export default ({ command }) => x ? { build: { outDir: 'a' } } : { build: { outDir: 'b' } }",
    ],
)
async def test_a_folder_that_is_worked_out_is_looked_for_after_the_build(config: str) -> None:
    plan = await planned(vite(config))
    assert plan.static is not None and plan.static.root is None
    assert "dist" in plan.static.candidates
    assert any("build.outDir" in note for note in plan.notes)


async def test_a_configuration_that_takes_its_folder_from_another_file_is_not_believed_to_have_the_default() -> None:
    files = vite("import base from './shared'\nexport default mergeConfig(base, {})")
    found = await site({**files, "shared.ts": "export default { build: { outDir: 'x' } }\n"})
    assert found.root is None


async def test_one_page_answers_every_address_unless_there_are_several() -> None:
    assert (await site(vite("export default {}"))).fallback == "index.html"
    pages = "export default { build: { rollupOptions: { input: ['index.html', 'about.html'] } } }"
    several = await site({**vite(pages), "about.html": PAGE, "public/404.html": PAGE})
    assert (several.fallback, several.not_found) == (None, "404.html")


async def test_what_another_host_is_told_makes_the_fallback() -> None:
    package = {"scripts": {"build": "eleventy"}, "devDependencies": {"@11ty/eleventy": "3.0.0"}}
    redirects = {"_redirects": "/*  /index.html  200\n"}
    assert (await site({"package.json": json.dumps(package), **redirects})).fallback == "index.html"


@pytest.mark.parametrize("base", ["/", "./", "", "process.env.BASE || '/'"])
async def test_a_site_for_the_root_of_its_host_stays_there(base: str) -> None:
    expression = base if "process" in base else f"'{base}'"
    plan = await planned(vite(f"export default {{ base: {expression} }}"))
    assert len(plan.build) == 1


async def test_a_site_made_for_a_path_is_put_there_and_the_root_leads_to_it(tmp_path: Path) -> None:
    plan = await planned(vite("export default { base: '/todo/' }"))
    assert plan.static == StaticSite(".devgem-site", fallback="todo/index.html")
    node = shutil.which("node")
    assert node is not None
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("made")
    for _ in range(2):
        subprocess.run([node, *plan.build[-1][1:]], cwd=tmp_path, check=True)
    assert (tmp_path / ".devgem-site/todo/index.html").read_text() == "made"
    assert "url=/todo/" in (tmp_path / ".devgem-site/index.html").read_text()


async def test_angular_writes_where_its_production_configuration_says() -> None:
    build = {
        "builder": "@angular-devkit/build-angular:browser",
        "options": {"outputPath": "dist/dev"},
        "configurations": {"production": {"outputPath": "dist/live"}},
    }
    config = {"projects": {"shop": {"projectType": "application", "architect": {"build": build}}}}
    package = {"scripts": {"build": "ng build"}, "dependencies": {"@angular/core": "15.0.0"}}
    found = await site({"package.json": json.dumps(package), "angular.json": json.dumps(config)})
    assert found == StaticSite("dist/live", fallback="index.html")


async def test_the_root_of_an_nx_repository_names_its_apps() -> None:
    files = {"package.json": '{"devDependencies": {"nx": "20.0.0", "vite": "6.0.0"}}', "nx.json": "{}"}
    for name in ("shop", "admin"):
        target = {"executor": "@nx/vite:build", "options": {"outputPath": f"dist/apps/{name}"}}
        files[f"apps/{name}/project.json"] = json.dumps({"projectType": "application", "targets": {"build": target}})
        files[f"apps/{name}/index.html"] = PAGE
    answer = await refused(files)
    assert [candidate.dir for candidate in answer.candidates] == ["apps/admin", "apps/shop"]
    plan = await planned(files, "apps/shop")
    assert plan.to_json()["build"] == ["npx nx build shop", "cp -R ../../dist/apps/shop .devgem-site"]
    assert plan.static is not None and plan.static.root == ".devgem-site"
