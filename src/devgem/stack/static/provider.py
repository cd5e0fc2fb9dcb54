"""Plain HTML: which folder is the site."""

import posixpath
from dataclasses import replace

from devgem.domain.plan import BuildPlan, Kind, Stack, StaticSite, Unplannable
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.provider import Answer
from devgem.stack.static.hosting import Hosting, read_hosting

_USUAL_ROOTS = (
    "public",
    "dist",
    "site",
    "www",
    "html",
    "htdocs",
    "web",
    "static",
    "docs",
    "build",
    "src",
    "app",
    "client",
)


class Static:
    language = "static"

    async def plan(self, files: Files) -> Answer:
        hosting = await read_hosting(files)
        if hosting.root is not None:
            return await self._stated(files, hosting)
        roots = [r for r in (".", *_USUAL_ROOTS) if posixpath.normpath(f"{r}/index.html") in files]
        if not roots:
            return _no_index(files)
        page = posixpath.normpath(f"{roots[0]}/index.html")
        findings = Findings(files)
        findings.add("static_root", roots[0], page)
        plan = await _site(files, replace(hosting, root=roots[0]), findings)
        needs_build = await files.line_of(page, r"""src=["']?/?[^"'>]*\.(tsx?|jsx|vue|svelte)\b""")
        if needs_build:
            note = f"{files.repo_path(page)}:{needs_build} loads a source file that browsers cannot run unbuilt."
            return _unsure(plan, note)
        if roots[0] != "." and len(roots) > 1:
            return _unsure(plan, f"Also found index.html in {', '.join(roots[1:])}; set [static] root in devgem.toml.")
        return plan

    async def _stated(self, files: Files, hosting: Hosting) -> Answer:
        assert hosting.root is not None and hosting.path is not None
        page = posixpath.normpath(f"{hosting.root}/index.html")
        if page not in files:
            if hosting.path not in ("Staticfile", "static.json"):
                return None
            return Unplannable(
                f"{files.repo_path(hosting.path)} names the folder {hosting.root!r}, which has no index.html.",
                f"Add {files.repo_path(page)} or change the folder.",
                language=self.language,
            )
        findings = Findings(files)
        findings.add("static_root", hosting.root, hosting.path, hosting.line)
        return await _site(files, hosting, findings)


async def _site(files: Files, hosting: Hosting, findings: Findings) -> BuildPlan:
    root = hosting.root or "."
    custom = posixpath.normpath(f"{root}/404.html")
    not_found = hosting.not_found or ("404.html" if custom in files else None)
    if not_found and not hosting.fallback:
        findings.add("not_found", not_found, posixpath.normpath(f"{root}/{not_found}"))
    if hosting.fallback and hosting.path:
        findings.add("fallback", hosting.fallback, hosting.path, await files.line_of(hosting.path, "pushstate|200|\\*"))
    findings.add("kind", Kind.STATIC.value, posixpath.normpath(f"{root}/index.html"))
    return BuildPlan(
        stack=Stack(language="static", kind=Kind.STATIC, runtime="static", evidence=findings.all()),
        dir=files.dir,
        static=StaticSite(root=root, fallback=hosting.fallback, not_found=not_found),
    )


def _unsure(plan: BuildPlan, note: str) -> BuildPlan:
    return replace(plan, stack=replace(plan.stack, confidence="low"), notes=(*plan.notes, note))


def _no_index(files: Files) -> Answer:
    pages = [p for p in files.paths if p.endswith((".html", ".htm")) and "/" not in p]
    if not pages:
        return None
    return Unplannable(
        f"There are pages ({', '.join(pages[:3])}), but no index.html to open the site with.",
        "Add index.html" + (f", or rename {pages[0]} to it." if len(pages) == 1 else "."),
        language="static",
    )
