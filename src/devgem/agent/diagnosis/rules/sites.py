"""Static sites and Dockerfiles."""

import posixpath
import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy, Retry
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says

_WRITTEN = re.compile(r"([\w.-]{1,60})/ \(\d{1,7} entries with index\.html\)")


def _output_folder(clue: Clue) -> Iterator[Remedy]:
    """What the failure's evidence lists as written by the build."""
    found = _WRITTEN.findall(clue.evidence.failure.evidence)
    path = clue.evidence.here("devgem.toml")
    if len(found) == 1 and not clue.evidence.has("devgem.toml"):
        yield edits.new_file(path, f'[static]\nroot = "{found[0]}"\n', f"The build writes to {found[0]}.")
    else:
        yield Advice('say which folder the build writes: `[static]` with `root = "<folder>"` in devgem.toml')


def _index(clue: Clue) -> Iterator[Remedy]:
    pages = sorted(p for p in clue.evidence.paths if p.endswith((".html", ".htm")) and "node_modules" not in p)
    nested = [page for page in pages if posixpath.basename(page) == "index.html"]
    if nested and not clue.evidence.has("devgem.toml"):
        root = posixpath.dirname(min(nested, key=lambda p: p.count("/")))
        if root and root != clue.evidence.dir:
            relative = posixpath.relpath(root, clue.evidence.dir)
            if re.fullmatch(r"[\w./-]{1,100}", relative) and not relative.startswith(".."):
                text = f'[static]\nroot = "{relative}"\n'
                yield edits.new_file(clue.evidence.here("devgem.toml"), text, f"{root} has an index.html.")
    elif pages:
        yield Advice(f"name the first page index.html: there is {posixpath.basename(pages[0])}")
    yield Advice("or let the build make an index.html")


def _theme(clue: Clue) -> Finding:
    is_module = ".gitmodules" in clue.evidence.files or ".gitmodules" in clue.evidence.paths
    named = f" `{clue['name']}`" if clue["name"] else ""
    cause = f"the site's theme{named} is not in the repository"
    if is_module:
        cause += ": it is a git submodule, which is not fetched"
    return Finding(
        cause,
        (Advice("copy the theme's files into the repository (remove the submodule first), or use a Hugo module"),),
    )


def _copied(clue: Clue) -> Finding:
    name = clue["name"].lstrip("/")
    alike = [p for p in clue.evidence.paths if p.lower() == name.lower() and p != name]
    if alike:
        return Finding(
            f"the Dockerfile copies `{name}`, and the file is called `{alike[0]}`",
            tuple(_copy_mended(clue, name, alike[0])),
        )
    path = clue.evidence.find(".dockerignore")
    ignored = bool(path) and posixpath.basename(name) in clue.evidence.files[path or ""]
    advice = "take it out of .dockerignore" if ignored else "commit it, or correct the path in the Dockerfile"
    return Finding(f"the Dockerfile copies `{name}`, which is not there", (Advice(advice),))


def _copy_mended(clue: Clue, name: str, right: str) -> Iterator[Remedy]:
    path = clue.evidence.find("Dockerfile")
    if path and (
        diff := edits.substituted(path, clue.evidence.files[path], rf"(?<=[ /]){re.escape(name)}(?=[ /\n])", right)
    ):
        yield diff
    else:
        yield Advice(f"copy {right} in the Dockerfile")


RULES: tuple[Rule, ...] = (
    rule(
        "static.hugo_theme",
        "Hugo's theme is not there",
        _theme,
        r"(?:module|theme) \"(?P<name>[^\"\n]{1,120})\" not found",
        r"Unable to find theme Directory: (?P<name>\S{1,200})",
        r"found no layout file for \"html\" for kind \"home\"",
    ),
    rule(
        "static.no_index",
        "The site has no front page",
        says("the site has no index.html to show first", _index),
        codes="no_front_page",
    ),
    rule(
        "static.output_folder",
        "The build succeeded, but not into the folder that is to be served",
        says("the build wrote no index.html where it was looked for", _output_folder),
        codes="no_output",
        unless=r"Could not detect a supported production environment",
    ),
    rule(
        "static.hugo_extended",
        "Hugo needs its extended edition",
        says(
            "the site uses Sass, which only the extended edition of Hugo has",
            Advice("install Hugo's extended edition on the machine"),
        ),
        r"you need the extended version to build SCSS/SASS|this feature is not available in your current Hugo version",
    ),
    rule(
        "static.hugo_template",
        "A Hugo template fails",
        says("a Hugo template fails: `{what}`", Advice("mend it, or use the Hugo version that the theme states")),
        r"ERROR (?:render|parse) of \S{1,40} failed: (?P<what>[^\n]{1,160})|execute of template failed:"
        r" (?P<what2>[^\n]{1,160})",
        r"Error: error building site: (?P<what>[^\n]{1,160})",
    ),
    rule(
        "static.jekyll_theme",
        "Jekyll's theme or plugin is not installed",
        says("Jekyll's theme or plugin `{name}` is not installed", Command(("bundle", "add", "{name}"))),
        r"The (?P<name>[\w-]{1,80}) theme could not be found",
        r"Dependency Error: Yikes! It looks like you don't have (?P<name>[\w-]{1,80})",
    ),
    rule(
        "static.jekyll_liquid",
        "A Jekyll page has a Liquid error",
        says(
            "a page has an error of Liquid: `{what}`",
            Advice("mend it; text that only looks like Liquid goes between {% raw %} and {% endraw %}"),
        ),
        r"Liquid Exception: (?P<what>[^\n]{1,160})",
    ),
    rule(
        "docker.copy_missing",
        "The Dockerfile copies a file that is not there",
        _copied,
        r"failed to (?:compute cache key|calculate checksum of ref)[^\n]{0,200}?\"(?P<name>/[^\"\n]{1,200})\":"
        r" not found",
        r"COPY failed: file not found in build context or excluded by \.dockerignore: stat (?P<name>[^\s:]{1,200})",
        r"COPY failed: stat \S{0,200}?(?P<name>[\w.-]{1,80}): no such file or directory",
    ),
    rule(
        "docker.base_image",
        "The Dockerfile's base image does not exist, or wants a login",
        says("the base image `{name}` does not exist, or wants a login", Advice("correct its name and tag in FROM")),
        r"pull access denied for (?P<name>[\w./:-]{1,160})",
        r"manifest for (?P<name>[\w./:-]{1,160}) not found",
        r"failed to resolve source metadata for (?P<name>[\w./:-]{1,160}): [^\n]{0,160}not found",
    ),
    rule(
        "docker.syntax",
        "The Dockerfile cannot be read",
        says("the Dockerfile cannot be read: `{what}`", Advice("mend the line that the log names")),
        r"(?P<what>[Dd]ockerfile parse error on line \d{1,6}: [^\n]{1,120}|unknown instruction: \S{1,60})",
    ),
    rule(
        "docker.apt",
        "apt finds no such package",
        says("apt finds no package `{name}`", Advice("correct its name, and run `apt-get update` in the same RUN")),
        r"E: Unable to locate package (?P<name>[\w.+-]{1,80})|E: Package '(?P<name2>[\w.+-]{1,80})' has no"
        r" installation candidate",
    ),
    rule(
        "docker.pull_limit",
        "The registry's limit for pulls is reached",
        says("the registry's limit for pulls without a login is reached", Retry("In some hours, or with a login.")),
        r"toomanyrequests: You have reached your (?:unauthenticated )?pull rate limit",
    ),
)
