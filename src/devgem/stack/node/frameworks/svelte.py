"""SvelteKit: its adapter decides."""

from dataclasses import replace

from devgem.domain.plan import Kind
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.sites import folder, site
from devgem.stack.node.values import read

_ADAPTER = "@sveltejs/adapter-"
_OURS = ("svelte-adapter-bun", "svelte-adapter-deno")


async def sveltekit(project: Project) -> Shape | None:
    if "@sveltejs/kit" not in project.package.all or not project.has_app(("vite", "build"), "src/routes/"):
        return None
    await project.uses("framework", "sveltekit", "@sveltejs/kit")
    configs = [await project.config("svelte.config"), await project.config("vite.config")]
    module, config = _adapter([code for code in configs if code])
    if not module:
        module = next((name for name in project.package.all if name.startswith(_ADAPTER)), "")
    if config:
        await project.found.find("adapter", module, config.path, module)
    elif module:
        await project.uses("adapter", module, module)
    match module.removeprefix(_ADAPTER):
        case "static":
            return await _static(project, config)
        case "node":
            return _node(project, config)
        case "auto" if (project.package.major(module) or 3) >= 3:
            # adapter-auto turns into adapter-node, which it installs, where it believes to be built for Cloud Run.
            shape = _node(project, None)
            note = "adapter-auto knows no plain server; it is told to use @sveltejs/adapter-node, as for Cloud Run."
            return replace(shape, build_env={"GCP_BUILDPACKS": "1"}, notes=(note,))
    return await _preview(project, module)


async def _preview(project: Project, module: str) -> Shape:
    """Whatever the adapter, SvelteKit leaves the server for its own preview."""
    note = (
        f"{module or 'No adapter'} makes no server for here, so `vite preview` serves the app. "
        "Use @sveltejs/adapter-node instead."
    )
    program = await project.program("vite")
    # Otherwise Vite writes what it makes of its configuration among the dependencies, which may be read-only.
    loader = " --configLoader runner" if (project.package.major("vite") or 0) >= 7 else ""
    start = ("sh", "-c", f"exec {program} preview{loader} --host 0.0.0.0 --port ${{PORT:-4173}}")
    build = project.build("vite", "build")
    return Shape("sveltekit", Kind.SERVER, build, start, port=4173, notes=(note,), sure=False)


def _adapter(configs: list[Code]) -> tuple[str, Code | None]:
    """The adapter that a configuration imports; newer projects have it in vite.config."""
    for code in configs:
        for module in code.modules():
            if module.startswith(_ADAPTER) or module in _OURS or "svelte-adapter" in module:
                return module, code
    return "", None


async def _static(project: Project, config: Code | None) -> Shape:
    pages = read(config, "pages", within="adapter()") if config else None
    fallback = read(config, "fallback", within="adapter()") if config else None
    base = project.says("base", config, "kit.paths.base")
    where = folder(project, config if pages else None, pages, "pages", "build")
    if config and pages and pages.value.text:
        project.found.add("static_root", pages.value.text, config.path, pages.line)
    page = fallback.value.text if fallback else None
    if config and page and fallback:
        project.found.add("fallback", page, config.path, fallback.line)
    is_spa = page is not None and page != "404.html"
    build = project.build("vite", "build")
    path = base.value.text if base else None
    pages_of = {"fallback": page} if is_spa else {"not_found": "404.html"}
    return await site(project, "sveltekit", build, where, base=path, **pages_of)


def _node(project: Project, config: Code | None) -> Shape:
    out = read(config, "out", within="adapter()") if config else None
    output = (out.value.text if out else None) or "build"
    shape = Shape("sveltekit", Kind.SERVER, project.build("vite", "build"), ("node", output))
    # Without it the adapter takes every request for https, and refuses forms that came by http.
    return replace(shape, run_env={"HOST": "0.0.0.0", "PROTOCOL_HEADER": "x-forwarded-proto"})  # noqa: S104
