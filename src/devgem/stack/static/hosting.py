"""What the configuration files of static hosts say: the folder to serve, the page for unknown paths."""

import re
from dataclasses import dataclass, replace

from devgem.stack.files import Files
from devgem.stack.shapes import table, tables, text


@dataclass(frozen=True)
class Hosting:
    """As far as the files say it. `root` is relative to the app's folder; `fallback` and `not_found` to `root`."""

    root: str | None = None
    fallback: str | None = None
    not_found: str | None = None
    path: str | None = None
    line: int | None = None


async def read_hosting(files: Files) -> Hosting:
    """Staticfile (Cloud Foundry), static.json (Heroku), firebase.json, netlify.toml, vercel.json, in this order; the
    first that exists decides, and a `_redirects` (Netlify, Cloudflare) adds the fallback."""
    readers = {
        "Staticfile": _staticfile,
        "static.json": _static_json,
        "firebase.json": _firebase,
        "netlify.toml": _netlify,
        "vercel.json": _vercel,
    }
    path = files.first(*readers)
    hosting = replace(await readers[path](files), path=path) if path else Hosting()
    if path and hosting.root is not None:
        hosting = replace(
            hosting, root=hosting.root.strip("/") or ".", line=await files.line_of(path, r"root|public\b")
        )
    return hosting if hosting.fallback else await _redirects(files, hosting)


async def _staticfile(files: Files) -> Hosting:
    # https://docs.cloudfoundry.org/buildpacks/staticfile/
    said = table(await files.yaml("Staticfile"))
    codes = {str(code): page for code, page in table(said.get("status_codes")).items()}
    page = codes.get("404")
    return Hosting(
        root=text(said.get("root")) or ".",
        fallback="index.html" if said.get("pushstate") in ("enabled", True) else None,
        not_found=str(page).lstrip("/") if page else None,
    )


async def _static_json(files: Files) -> Hosting:
    # https://github.com/heroku/heroku-buildpack-static
    said = table(await files.json("static.json"))
    routes = table(said.get("routes"))
    error_page = said.get("error_page")
    return Hosting(
        root=text(said.get("root")) or "public_html",
        fallback=next((str(routes[r]).lstrip("/") for r in ("/**", "/*") if r in routes), None),
        not_found=str(error_page).lstrip("/") if error_page else None,
    )


async def _firebase(files: Files) -> Hosting:
    hosting = table(await files.json("firebase.json")).get("hosting")
    said = table(hosting[0] if isinstance(hosting, list) and hosting else hosting)
    rewrites = tables(said.get("rewrites"))
    page = next((r.get("destination") for r in rewrites if r.get("source") == "**"), None)
    return Hosting(root=text(said.get("public")) or None, fallback=str(page).lstrip("/") if page else None)


async def _netlify(files: Files) -> Hosting:
    said = await files.toml("netlify.toml")
    root = text(table(said, "build").get("publish"))
    rules = tables(said.get("redirects"))
    page = next((r.get("to") for r in rules if r.get("from") == "/*" and r.get("status") == 200), None)
    return Hosting(root=root or None, fallback=str(page).lstrip("/") if page else None)


async def _vercel(files: Files) -> Hosting:
    said = table(await files.json("vercel.json"))
    rewrites = tables(said.get("rewrites"))
    everything = re.compile(r"/?\(\.\*\)|/:path\*|/\(\?!.*")
    page = next((r.get("destination") for r in rewrites if everything.match(str(r.get("source")))), None)
    page = "index.html" if page == "/" else page
    root = text(said.get("outputDirectory"))
    fallback = str(page).lstrip("/") if page and str(page).endswith(".html") else None
    return Hosting(root=root or None, fallback=fallback)


async def _redirects(files: Files, hosting: Hosting) -> Hosting:
    root = hosting.root or "."
    path = files.first(*dict.fromkeys(f"{folder}/_redirects".removeprefix("./") for folder in (root, ".", "public")))
    for number, line in enumerate((await files.text(path)).splitlines() if path else [], 1):
        words = line.split()
        if len(words) >= 3 and words[0] == "/*" and words[2].startswith("200") and words[1].startswith("/"):
            page = words[1].lstrip("/") or "index.html"
            return replace(hosting, fallback=page, path=hosting.path or path, line=hosting.line or number)
    return hosting
