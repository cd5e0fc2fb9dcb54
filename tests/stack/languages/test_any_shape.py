"""Manifests come in every shape: a provider answers, or names the file that is broken."""

from pathlib import Path

import pytest

from devgem.stack.files import BrokenManifest, Files
from devgem.stack.languages import PROVIDERS
from tests.stack.trees import MemoryTree

EXAMPLES = Path(__file__).parents[2] / "examples"
FAMILIES = ("go", "ruby", "php", "java", "kotlin", "rust", "elixir", "dotnet", "hugo", "jekyll")
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.name.partition("-")[0] in FAMILIES)
MANIFESTS = (
    *("package.json", "composer.json", "composer.lock", "Cargo.toml", "libs.versions.toml", "hugo.toml", "config.yaml"),
    *(
        "hugo.yaml",
        "_config.yml",
        "appsettings.json",
        "pom.xml",
        "mix.exs",
        "go.mod",
        "Gemfile.lock",
        "settings.gradle",
    ),
)
SHAPES = (
    *(b"", b"[]", b"null", b'"x"', b"{}", b"1", bytes(range(256))),
    b'{"require": [], "scripts": [], "config": 1, "packages": {}, "autoload": [], "repositories": 3}',
    b'{"require": 1, "scripts": {"auto-scripts": ["x"]}, "config": {"platform": []}, "repositories": [1]}',
    b'{"sdk": 4, "ConnectionStrings": [], "packageManager": 3}',
    b"package = 1\nworkspace = 2\nbin = 3\n",
    b"[package]\ndefault-run = 1\n[[bin]]\n[workspace]\nmembers = [1]\ndependencies = []\n[lib]\nproc-macro = 1\n",
    b"[workspace]\ndependencies = 3\n[package]\nautobins = 2\n[target.x]\ndependencies = 1\n",
    b"[plugins]\na = 1\n[libraries]\nb = 2\n[bundles]\nc = ['b', 'z']\n",
    b"plugins = 1\nlibraries = 2\nbundles = 3\n",
    b"destination: [1]\nsource: {}\nbaseurl: 3\n",
    b"theme: [1, a]\nmodule: [x]\nbaseURL: 3\n",
    b"module:\n  hugoVersion:\n    min: [1]\nbaseURL: 1\n",
)


@pytest.mark.parametrize("name", NAMES)
async def test_a_manifest_of_another_shape_is_no_accident(name: str) -> None:
    repo = EXAMPLES / name / "repo"
    files = {p.relative_to(repo).as_posix(): p.read_bytes() for p in repo.rglob("*") if p.is_file()}
    for path in [p for p in files if p.endswith(MANIFESTS)]:
        for content in (*SHAPES, files[path][: len(files[path]) // 2], files[path].replace(b"\n", b"\r\n")):
            view = await Files.open(MemoryTree({**files, path: content}))
            for provider in PROVIDERS:
                try:
                    await provider.plan(view)
                except BrokenManifest as error:
                    assert path in error.message
