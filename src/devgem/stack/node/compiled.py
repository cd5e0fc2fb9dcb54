"""Relates what a compiler writes to the sources it comes from: `dist/main.js` and `src/main.ts`."""

import posixpath

from devgem.stack.node.listening import resolve
from devgem.stack.node.project import Project

_OUTPUTS = ("dist", "build", "lib", "out", "output", ".build", "compiled", "bin")
_SOURCES = ("src", ".", "server", "app", "source", "api", "lib")


async def source_of(project: Project, path: str) -> str | None:
    """The file of the tree that a path means: itself, or the source that is compiled to it."""
    if found := resolve(project.files, path):
        return found
    outputs = dict.fromkeys((await _setting(project, "outDir"), *_OUTPUTS))
    for output in outputs:
        if output and path.startswith(f"{output}/"):
            rest = path[len(output) + 1 :]
            tried = [
                posixpath.join(source, rest) for source in (await _setting(project, "rootDir"), *_SOURCES) if source
            ]
            if found := next((hit for place in tried if (hit := resolve(project.files, place))), None):
                return found
    return None


async def output_of(project: Project, source: str) -> str:
    """Where the TypeScript compiler writes a source to."""
    output = await _setting(project, "outDir") or "dist"
    root = await _setting(project, "rootDir") or ("src" if source.startswith("src/") else ".")
    path = posixpath.relpath(source, root) if root != "." else source
    return posixpath.join(output, posixpath.splitext(path)[0] + ".js")


async def _setting(project: Project, key: str) -> str | None:
    for path in ("tsconfig.build.json", "tsconfig.json"):
        config = await project.files.json(path)
        options = config.get("compilerOptions") if isinstance(config, dict) else None
        value = options.get(key) if isinstance(options, dict) else None
        if isinstance(value, str) and value:
            return posixpath.normpath(value)
    return None
