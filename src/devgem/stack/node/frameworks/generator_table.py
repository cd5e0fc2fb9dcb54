"""The names of bundlers and site generators: by dependency, the tool, where it writes to, and what configures that."""

from collections.abc import Mapping
from dataclasses import dataclass

_SPA = "index.html"
_404 = "404.html"


@dataclass(frozen=True)
class Generator:
    """`build` makes the site in `output`, or where `key` in a file of `configs` or one of `options` says. `base` is the
    key of the path that it is served under. In `output` and `configs`, `{root}` is the folder that `build` is given,
    and a key is relative to it where `in_root`."""

    framework: str
    build: tuple[str, ...]
    output: str
    configs: tuple[str, ...] = ()
    key: str = ""
    options: tuple[str, ...] = ()
    base: str = ""
    fallback: str | None = None
    not_found: str | None = None
    in_root: bool = False


def _quasar(config: str) -> Generator:
    return Generator(
        "quasar",
        ("quasar", "build"),
        "dist/spa",
        configs=("quasar.config", config),
        key="build.distDir",
        base="build.publicPath",
        fallback=_SPA,
    )


def _umi(program: str) -> Generator:
    configs = (".umirc", "config/config")
    return Generator("umi", (program, "build"), "dist", configs, key="outputPath", base="base", fallback=_SPA)


_VUEPRESS = Generator(
    "vuepress",
    ("vuepress", "build"),
    "{root}/.vuepress/dist",
    configs=("{root}/.vuepress/config",),
    key="dest",
    options=("-d", "--dest"),
    base="base",
    not_found=_404,
)
GENERATORS: Mapping[str, Generator] = {
    "@docusaurus/core": Generator(
        "docusaurus",
        ("docusaurus", "build"),
        "build",
        configs=("docusaurus.config",),
        options=("--out-dir",),
        base="baseUrl",
        not_found=_404,
    ),
    "vitepress": Generator(
        "vitepress",
        ("vitepress", "build"),
        "{root}/.vitepress/dist",
        configs=("{root}/.vitepress/config", "{root}/.vitepress/config/index"),
        key="outDir",
        options=("--outDir",),
        base="base",
        not_found=_404,
        in_root=True,
    ),
    "vuepress": _VUEPRESS,
    "vuepress-vite": _VUEPRESS,
    "vuepress-webpack": _VUEPRESS,
    "@11ty/eleventy": Generator(
        "eleventy",
        ("eleventy",),
        "_site",
        configs=("eleventy.config", ".eleventy"),
        key="dir.output",
        options=("--output",),
        base="pathPrefix",
        not_found=_404,
    ),
    "gatsby": Generator("gatsby", ("gatsby", "build"), "public", not_found=_404),
    "gridsome": Generator(
        "gridsome",
        ("gridsome", "build"),
        "dist",
        configs=("gridsome.config",),
        key="outputDir",
        base="pathPrefix",
        not_found=_404,
    ),
    "hexo": Generator("hexo", ("hexo", "generate"), "public", not_found=_404),
    "@slidev/cli": Generator("slidev", ("slidev", "build"), "dist", options=("-o", "--out"), fallback=_SPA),
    "react-scripts": Generator("create-react-app", ("react-scripts", "build"), "build", fallback=_SPA),
    "@vue/cli-service": Generator(
        "vue-cli",
        ("vue-cli-service", "build"),
        "dist",
        configs=("vue.config",),
        key="outputDir",
        options=("--dest",),
        base="publicPath",
        fallback=_SPA,
    ),
    "preact-cli": Generator("preact-cli", ("preact", "build"), "build", options=("--dest",), fallback=_SPA),
    "@rsbuild/core": Generator(
        "rsbuild",
        ("rsbuild", "build"),
        "dist",
        configs=("rsbuild.config",),
        key="output.distPath.root",
        base="server.base",
        fallback=_SPA,
    ),
    "@quasar/app-vite": _quasar("quasar.config"),
    "@quasar/app-webpack": _quasar("quasar.conf"),
    "ember-cli": Generator(
        "ember",
        ("ember", "build", "--environment=production"),
        "dist",
        options=("--output-path", "-o"),
        fallback=_SPA,
    ),
    "umi": _umi("umi"),
    "@umijs/max": _umi("max"),
    "expo": Generator(
        "expo", ("expo", "export", "--platform", "web"), "dist", options=("--output-dir",), fallback=_SPA
    ),
    "parcel": Generator(
        "parcel", ("parcel", "build"), "dist", options=("--dist-dir", "-d", "--out-dir"), fallback=_SPA
    ),
    "parcel-bundler": Generator("parcel", ("parcel", "build"), "dist", options=("--out-dir", "-d"), fallback=_SPA),
}
