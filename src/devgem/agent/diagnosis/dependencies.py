"""How a package is added to what a repository asks for: a diff where no lock file would then disagree, else the
package manager's own command."""

import json
import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Command, Diff, Remedy
from devgem.agent.diagnosis.evidence import Evidence

_PACKAGE = re.compile(r"(?:@[A-Za-z0-9][\w.-]{0,80}/)?[A-Za-z0-9][\w.-]{0,80}(?:\[\w{1,40}\])?")
_NODE_ADD = {
    "npm": ("npm", "install"),
    "pnpm": ("pnpm", "add"),
    "yarn": ("yarn", "add"),
    "bun": ("bun", "add"),
}
_NODE_LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
_PYTHON_LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
_PYTHON_ADD = {
    "uv": ("uv", "add"),
    "poetry": ("poetry", "add"),
    "pdm": ("pdm", "add"),
    "pipenv": ("pipenv", "install"),
}


def add_python(evidence: Evidence, package: str, why: str = "") -> Iterator[Remedy]:
    if not _PACKAGE.fullmatch(package):
        return
    locked = next((tool for lock, tool in _PYTHON_LOCKS.items() if evidence.has(lock)), None)
    tool = locked or evidence.package_manager
    path = requirements_path(evidence)
    if locked is None and path:
        if not requires(evidence.files[path], package) and (
            diff := edits.appended(path, evidence.files[path], package, why)
        ):
            yield diff
        return
    pyproject = evidence.find("pyproject.toml")
    if locked is None and pyproject:
        text = evidence.files[pyproject]
        if diff := edits.toml_list_item(pyproject, text, "project", "dependencies", package, why):
            yield diff
            return
    if tool in _PYTHON_ADD:
        yield Command((*_PYTHON_ADD[tool], package), why)
    elif not pyproject and not evidence.has("requirements.txt", "Pipfile", "setup.py"):
        yield edits.new_file(evidence.here("requirements.txt"), package + "\n", why)
    else:
        yield Command(("pip", "install", package), f"Add {package} to what the app asks for. {why}".strip())


def add_node(evidence: Evidence, package: str, why: str = "", *, dev: bool = False) -> Iterator[Remedy]:
    if not _PACKAGE.fullmatch(package):
        return
    locked = next((tool for lock, tool in _NODE_LOCKS.items() if evidence.has(lock)), None)
    manifest = evidence.find("package.json")
    if locked is None and manifest:
        section = "devDependencies" if dev else "dependencies"
        text = evidence.files[manifest]
        if not node_requires(text, package) and (
            diff := edits.json_member(manifest, text, (section, package), "latest", why)
        ):
            yield diff
            return
    flag = ("-D",) if dev else ()
    tool = evidence.package_manager or locked or "npm"
    yield Command((*_NODE_ADD.get(tool, _NODE_ADD["npm"]), *flag, package), why)


def add_ruby(evidence: Evidence, gem: str, why: str = "") -> Iterator[Remedy]:
    if not _PACKAGE.fullmatch(gem):
        return
    path = evidence.find("Gemfile")
    if path and not evidence.has("Gemfile.lock"):
        if diff := edits.appended(path, evidence.files[path], f'gem "{gem}"', why):
            yield diff
    else:
        yield Command(("bundle", "add", gem), why)


def install_node(evidence: Evidence) -> Command:
    """What makes the lock file anew."""
    tool = evidence.package_manager or "npm"
    return Command((tool if tool in _NODE_ADD else "npm", "install"), "It makes the lock file fit.")


def requirements_path(evidence: Evidence) -> str | None:
    """The requirements file that the plan installs from."""
    planned = evidence.plan.install_inputs if evidence.plan else ()
    texts = [path for path in planned if path.endswith(".txt") and path in evidence.files]
    return texts[0] if texts else evidence.find("requirements.txt")


def requires(text: str, package: str) -> bool:
    """Whether a requirements file names the package."""
    return requirement(text, package) is not None


def requirement(text: str, package: str) -> re.Match[str] | None:
    """The line of a requirements file that names the package; group 1 is the name as written."""
    name = re.sub(r"[-_.]+", "[-_.]+", re.escape(package).replace(r"\-", "-").replace(r"\.", "."))
    return re.search(rf"^[ \t]*({name})(?![\w.-])[^\n]*$", text, re.MULTILINE | re.IGNORECASE)


def node_requires(text: str, package: str) -> str | None:
    """The section of a package.json that names the package."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    for section in ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies"):
        found = document.get(section) if isinstance(document, dict) else None
        if isinstance(found, dict) and package in found:
            return section
    return None


def replace_requirement(evidence: Evidence, package: str, new: str, why: str = "") -> Diff | None:
    """Puts another package in the place of one, in the requirements file that the plan installs from."""
    path = requirements_path(evidence)
    found = requirement(evidence.files[path], package) if path else None
    if not path or not found:
        return None
    return edits.at(path, evidence.files[path], *found.span(1), new, why)
