"""Which JDK a project wants."""

import re

from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.java.module import Module
from devgem.stack.versions import Stated, from_tool_versions, from_version_file, number_in

DEFAULT = "21"
_WRAPPER = "gradle/wrapper/gradle-wrapper.properties"
_NEWEST_JDK = (((7, 3), "11"), ((8, 5), "17"))
"""The newest long-term JDK below that Gradle: https://docs.gradle.org/current/userguide/compatibility.html"""


async def java_version(root: Files, module: Module, findings: Findings) -> str:
    """What the build asks for; then files that name a JDK; then what the framework or Gradle needs at least."""
    stated = module.java or await _version_file(root, module)
    if stated:
        version = _major(stated.spec)
        findings.add("version", version, stated.path, stated.line)
        return version
    gradle = await _gradle(root, module)
    if gradle:
        newest = next((jdk for below, jdk in _NEWEST_JDK if gradle[0] < below), DEFAULT)
        findings.add("version", newest, gradle[1], gradle[2])
        return newest
    return DEFAULT


async def _version_file(root: Files, module: Module) -> Stated | None:
    for folder in dict.fromkeys((module.dir, module.root)):
        view = root.below(folder)
        found = await from_version_file(view, ".java-version") or await from_tool_versions(view, "java")
        for path, pattern in (
            ("system.properties", r"java\.runtime\.version\s*=\s*(\S+)"),
            (".sdkmanrc", r"java\s*=\s*(\S+)"),
        ):
            line = await view.line_of(path, pattern)
            if found is None and line:
                text = (await view.text(path)).splitlines()[line - 1]
                found = Stated(text.partition("=")[2], path, line)
        if found and number_in(found.spec):
            return Stated(found.spec, view.repo_path(found.path), found.line)
    return None


def _major(spec: str) -> str:
    """1.8 is 8, temurin-17.0.9 is 17."""
    number = number_in(spec) or DEFAULT
    first, _, rest = number.partition(".")
    return rest.partition(".")[0] if first == "1" and rest else first


async def _gradle(root: Files, module: Module) -> tuple[tuple[int, ...], str, int] | None:
    top = root.below(module.root)
    for number, line in enumerate((await top.text(_WRAPPER)).splitlines(), 1):
        if found := re.search(r"gradle-(\d+)\.(\d+)", line):
            return (int(found.group(1)), int(found.group(2))), top.repo_path(_WRAPPER), number
    return None
