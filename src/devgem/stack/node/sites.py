"""Static sites: where a build leaves its files, and under which path they expect to be served."""

import posixpath
from dataclasses import dataclass, replace

from devgem.domain.plan import Argv, Kind, StaticSite
from devgem.stack.node.javascript import Code
from devgem.stack.node.project import Project, Shape
from devgem.stack.node.values import Setting
from devgem.stack.static.hosting import read_hosting

USUAL = ("dist", "build", "out", "public", "_site", ".output/public")
_MOUNTED = ".devgem-site"
_MOUNT = (
    "const fs=require(`fs`),[from,to,base]=process.argv.slice(1);"
    "fs.rmSync(to,{recursive:true,force:true});fs.cpSync(from,to+base,{recursive:true});"
    "fs.writeFileSync(`${to}/index.html`,`<!doctype html><meta http-equiv=refresh content=0;url=${base}>`)"
)


@dataclass(frozen=True)
class Folder:
    """Where a build leaves its files: `path` when certain, else None, to be looked for in `likely`."""

    path: str | None
    likely: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def folder(
    project: Project, code: Code | None, setting: Setting | None, key: str, default: str, base: str = ""
) -> Folder:
    """The output folder by a setting, or by default where the configuration does not mention one. A setting is relative
    to `base`, the default to the app's folder."""
    if setting is None and not (code and code.mentions(key.rpartition(".")[2])):
        return Folder(posixpath.normpath(default))
    stated = setting.value.text if setting else None
    path = posixpath.normpath(posixpath.join(base, stated)) if stated else None
    if setting and setting.value.certain:
        return Folder(path or posixpath.normpath(default))
    where = project.files.repo_path(code.path) if code else ""
    note = f"{where}{f':{setting.line}' if setting else ''} works out {key} as it runs: the folder is looked for then."
    return Folder(None, tuple(dict.fromkeys(p for p in (path, posixpath.normpath(default), *USUAL) if p)), (note,))


def doubt(project: Project, code: Code | None, setting: Setting | None, key: str, assumed: str) -> tuple[str, ...]:
    """A note when a setting that decides something cannot be read for certain."""
    if code is None or setting is None or setting.value.certain:
        return ()
    by = f" by {', '.join(sorted(setting.value.env))}" if setting.value.env else ""
    return (f"{project.files.repo_path(code.path)}:{setting.line} chooses {key}{by} as it runs; assumed: {assumed}.",)


async def site(
    project: Project,
    framework: str | None,
    build: tuple[Argv, ...],
    found: Folder,
    *,
    fallback: str | None = None,
    not_found: str | None = None,
    base: str | None = None,
) -> Shape:
    """A static site in a folder. What files for other hosts say comes in too: a rewrite of everything to one page is a
    fallback, and a publish folder is a likely place."""
    hosting = await read_hosting(project.files)
    if hosting.fallback and hosting.path and not fallback:
        project.found.add("fallback", hosting.fallback, hosting.path, hosting.line)
    stated = (hosting.root,) if hosting.root and hosting.root != "." else ()
    static = StaticSite(
        root=found.path,
        candidates=tuple(dict.fromkeys((*stated, *found.likely))) if found.path is None else (),
        fallback=fallback or hosting.fallback,
        not_found=not_found,
    )
    shape = Shape(framework, Kind.STATIC, build, static=static, notes=found.notes)
    if found.path is None:
        return shape
    path = base_path(base)
    if path:
        return _mounted(shape, static, path)
    if found.path.startswith("../"):
        copied = replace(static, root=_MOUNTED)
        return replace(shape, build=(*build, ("cp", "-R", found.path, _MOUNTED)), static=copied)
    return shape


def base_path(base: str | None) -> str | None:
    """`/repo/` for a base path or address that is not the host's root, else None."""
    if not base or base.startswith("."):
        return None
    path = "/" + base.partition("://")[2].partition("/")[2] if "://" in base else base
    return f"/{path.strip('/')}/" if path.strip("/") else None


def _mounted(shape: Shape, static: StaticSite, base: str) -> Shape:
    """Pages made for GitHub Pages and the like ask for their files below /<repository>/: they are put there, and the
    root leads to them."""

    def below(page: str | None) -> str | None:
        return posixpath.join(base, page).lstrip("/") if page else None

    command = ("node", "-e", _MOUNT, static.root or "", _MOUNTED, base)
    moved = replace(static, root=_MOUNTED, fallback=below(static.fallback), not_found=below(static.not_found))
    note = f"The site is made to be served at {base}, so it is, and / leads there."
    return replace(shape, build=(*shape.build, command), static=moved, notes=(*shape.notes, note))
