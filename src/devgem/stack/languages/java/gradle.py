"""Gradle: the projects of a build, and the commands that build one of them."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.languages.code import nearest_above, read_code
from devgem.stack.languages.java.module import Build, Module, Where
from devgem.stack.shapes import table, texts
from devgem.stack.versions import Stated

_HOME = "/deps/gradle"
_BUILD_FILES = ("build.gradle.kts", "build.gradle")
_SETTINGS = ("settings.gradle.kts", "settings.gradle")
_CATALOG = "gradle/libs.versions.toml"
_PLUGINS = (
    r"\bid\s*\(?\s*['\"]([\w.-]+)['\"]",
    r"\bapply\s*\(?\s*plugin\s*[:=]\s*['\"]([\w.-]+)['\"]",
    r"^\s*`?(application|war)`?\s*$",
    r"^\s*kotlin\(\"(jvm)\"\)",
)
_CONFIGURATION = r"^\s*(?:implementation|api|compile|runtimeOnly|developmentOnly)\b"
_JAVA = (
    r"JavaLanguageVersion\.of\(\s*['\"]?(\d+)",
    r"\bjvmToolchain\s*\(?\s*(\d+)",
    r"\b(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.VERSION_)?['\"]?([\d._]+)",
    r"\bjvmTarget\s*=?\s*(?:\.set\()?\s*(?:JvmTarget\.JVM_)?['\"]?([\d._]+)",
    r"\brelease\s*(?:=|\.set\()\s*(\d+)",
)
_OLD_BOOT = r"spring-?_?boot\S*(?:plugin:|version\s*=\s*['\"])1\."
"""Spring Boot 1 repackages the jar in `assemble`."""
_FAT = r"com\.github\.johnrengelman\.shadow|com\.gradleup\.shadow|io\.ktor\.plugin"


@dataclass(frozen=True)
class _Catalog:
    """gradle/libs.versions.toml. https://docs.gradle.org/current/userguide/version_catalogs.html"""

    plugins: Mapping[str, str]
    libraries: Mapping[str, list[str]]

    @classmethod
    async def read(cls, top: Files) -> "_Catalog":
        document = await top.toml(_CATALOG)
        plugins = {_accessor(k): _id(v, "id") for k, v in table(document, "plugins").items()}
        libraries = {_accessor(k): [_artifact(v)] for k, v in table(document, "libraries").items()}
        for name, members in table(document, "bundles").items():
            bundle = [artifact for m in texts(members) for artifact in libraries.get(_accessor(m), [])]
            libraries[f"bundles.{_accessor(name)}"] = bundle
        return cls(plugins, libraries)


def _accessor(key: str) -> str:
    return re.sub(r"[-_]", ".", key)


def _id(value: Any, key: str) -> str:
    return str(value.get(key, "")) if isinstance(value, dict) else str(value).partition(":")[0]


def _artifact(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name") or str(value.get("module", "")).partition(":")[2])
    return str(value).split(":")[1] if ":" in str(value) else ""


async def find_modules(files: Files) -> list[Module]:
    """Every project of the build that a folder belongs to."""
    top = nearest_above(files, *_SETTINGS) or nearest_above(files, *_BUILD_FILES)
    if top is None:
        return []
    path = top.first(*_SETTINGS)
    settings = await read_code(top, path) if path else ""
    folders = [".", *_included(settings)]
    own = posixpath.relpath(files.dir, top.dir)
    if files.dir != top.dir and own not in folders and files.first(*_BUILD_FILES):
        top, settings, folders = files, "", ["."]
    catalog = await _Catalog.read(top)
    shared = await _shared(top, catalog)
    return [module for folder in folders if (module := await _module(top, folder, settings, catalog, shared))]


def _included(settings: str) -> list[str]:
    found = re.findall(r"\binclude\s*\(?((?:\s*['\"][\w:./-]+['\"]\s*,?)+)", settings)
    names = [name for group in found for name in re.findall(r"['\"]([\w:./-]+)['\"]", group)]
    placed = dict(
        re.findall(
            r"project\(['\"]:([\w:-]+)['\"]\)\.projectDir\s*=\s*(?:new\s+File|file)\(.*?['\"]([\w./-]+)['\"]\)",
            settings,
        )
    )
    return [posixpath.normpath(placed.get(n.lstrip(":"), n.strip(":").replace(":", "/"))) for n in dict.fromkeys(names)]


async def _shared(top: Files, catalog: _Catalog) -> tuple[dict[str, Where], dict[str, Where]]:
    """What `allprojects` and `subprojects` of the root's build file give to every project."""
    path = top.first(*_BUILD_FILES)
    text = await read_code(top, path) if path else ""
    block = re.search(r"^(?:allprojects|subprojects)\s*\{.*?^\}", text, re.MULTILINE | re.DOTALL)
    if path is None or block is None:
        return {}, {}
    offset = text.count("\n", 0, block.start())
    return _found(block.group(), top.repo_path(path), catalog, offset)


async def _module(
    top: Files, folder: str, settings: str, catalog: _Catalog, shared: tuple[dict[str, Where], dict[str, Where]]
) -> Module | None:
    view = top.below(folder) if folder != "." else top
    path = view.first(*_BUILD_FILES)
    if path is None:
        return None
    text = await read_code(view, path)
    dependencies, plugins = _found(text, view.repo_path(path), catalog)
    plugins = {**shared[1], **plugins}
    given = re.search(r"rootProject\.name\s*=\s*['\"]([^'\"]+)['\"]", settings)
    name = posixpath.basename(view.dir) if view.dir != top.dir or top.dir != "." else "app"
    if folder == "." and given:
        name = given.group(1)
    return Module(
        tool="gradle",
        root=top.dir,
        dir=view.dir,
        manifest=view.repo_path(path),
        dependencies={**shared[0], **dependencies},
        plugins=plugins,
        java=await _java(view, path) or (await _java(top, top.first(*_BUILD_FILES) or path) if folder != "." else None),
        main_class=_main_class(text, view.repo_path(path)),
        name=name,
        jar=await _jar(top, view, text, name),
        packaging="war" if "war" in plugins else "jar",
        boot_task="assemble" if re.search(_OLD_BOOT, text) else "bootJar",
        is_app=any(
            re.fullmatch(rf"application|org\.springframework\.boot|io\.quarkus|io\.micronaut\.\w+|{_FAT}", p)
            for p in plugins
        )
        or "Main-Class" in text,
    )


def _found(text: str, path: str, catalog: _Catalog, offset: int = 0) -> tuple[dict[str, Where], dict[str, Where]]:
    dependencies: dict[str, Where] = {}
    plugins: dict[str, Where] = {}
    for number, line in enumerate(text.splitlines(), offset + 1):
        where = Where(path, number)
        if re.search(r"\bapply\s+false|\.apply\(false\)", line):
            continue
        for pattern in _PLUGINS:
            if found := re.search(pattern, line):
                plugins.setdefault(found.group(1), where)
        if alias := re.search(r"\balias\s*\(?\s*libs\.plugins\.([\w.]+)", line):
            plugins.setdefault(catalog.plugins.get(alias.group(1), alias.group(1)), where)
        if re.search(_CONFIGURATION, line):
            for name in _artifacts(line, catalog):
                dependencies.setdefault(name, where)
    return dependencies, plugins


def _artifacts(line: str, catalog: _Catalog) -> list[str]:
    found: list[str] = re.findall(r"['\"][\w.-]+:([\w.-]+)(?::[^'\"]*)?['\"]", line)
    found += re.findall(r"name:\s*['\"]([\w.-]+)['\"]", line)
    for prefix, accessor in re.findall(r"\b(\w*[lL]ibs)\.([\w.]+)", line):
        known = catalog.libraries.get(accessor)
        found += known if known else [f"ktor-{accessor.replace('.', '-')}"] if prefix == "ktorLibs" else []
    return found


async def _java(view: Files, path: str) -> Stated | None:
    text = await read_code(view, path)
    for pattern in _JAVA:
        if found := re.search(pattern, text):
            version = found.group(1).replace("_", ".").strip(".")
            return Stated(version, view.repo_path(path), text.count("\n", 0, found.start(1)) + 1)
    return None


def _main_class(text: str, path: str) -> tuple[str, Where] | None:
    found = re.search(
        r"\bmainClass(?:Name)?\s*(?:=|\.set\()\s*['\"]([\w.]+)['\"]|['\"]?Main-Class['\"]?\s*(?:\]\s*=|:|to|=)\s*['\"]([\w.]+)",
        text,
    )
    if found is None:
        return None
    return found.group(1) or found.group(2), Where(path, text.count("\n", 0, found.start()) + 1)


async def _jar(top: Files, view: Files, text: str, name: str) -> str | None:
    """The file that bootJar makes; None when its version is not stated in plain text."""
    named = re.search(r"\barchiveFileName\s*(?:=|\.set\()\s*['\"]([\w.-]+)['\"]", text)
    if named:
        return f"build/libs/{named.group(1)}"
    version = re.search(r"^\s*version\s*(?:=\s*)?['\"]([\w.+-]+)['\"]", text, re.MULTILINE)
    if version is None:
        for properties in (view, top):
            version = version or re.search(
                r"^version\s*=\s*([\w.+-]+)", await properties.text("gradle.properties"), re.MULTILINE
            )
    if version is None and re.search(r"^\s*version\b", text.partition("dependencies")[0], re.MULTILINE):
        return None
    base = re.search(r"\b(?:archives?B|b)aseName\s*(?:=|\.set\()\s*['\"]([\w.-]+)['\"]", text)
    return f"build/libs/{base.group(1) if base else name}{f'-{version.group(1)}' if version else ''}.jar"


def commands(files: Files, module: Module, modules: list[Module], *, framework: str | None) -> Build:
    """The packaging of one project. The downloads of the install are a read-only dependency cache for the build:
    https://docs.gradle.org/current/userguide/dependency_caching.html"""
    top = files.root.below(module.root)
    wrapped = "gradlew" in top and "gradle/wrapper/gradle-wrapper.jar" in top
    gradle: Argv = ("sh", "gradlew", "--no-daemon") if wrapped else ("gradle", "--no-daemon")
    folder = posixpath.relpath(module.dir, module.root)
    project = "" if folder == "." else ":" + folder.replace("/", ":") + ":"
    task, jar, program, artifact = _packaging(module, framework)
    return Build(
        install=(
            (*gradle, "--gradle-user-home", _HOME, f"{project}dependencies"),
            ("find", _HOME, "(", "-name", "*.lock", "-o", "-name", "gc.properties", ")", "-delete"),
        ),
        inputs=tuple(_inputs(top)),
        deps=(_HOME,),
        build=((*gradle, f"{project}{task}"),),
        env={"GRADLE_RO_DEP_CACHE": f"{_HOME}/caches"},
        jar=module.below(jar) if jar else None,
        program=module.below(program) if program else None,
        artifacts=(posixpath.normpath(f"{module.dir}/{artifact}"),),
        sure=module.is_app,
    )


def _packaging(module: Module, framework: str | None) -> tuple[str, str | None, str | None, str]:
    """The task, the jar or the program that it makes, and the folder that this lies in."""
    if framework == "quarkus":
        return "quarkusBuild", "build/quarkus-app/quarkus-run.jar", None, "build/quarkus-app"
    if module.plugin(r"org\.springframework\.boot"):
        task = "bootWar" if module.packaging == "war" else module.boot_task
        jar = module.jar and module.jar.removesuffix(".jar") + f".{module.packaging}"
        return task, jar or f"build/libs/*.{module.packaging}", None, "build/libs"
    if module.plugin(r"io\.ktor\.plugin"):
        return (
            "buildFatJar",
            module.jar if "-" not in (module.jar or "-") else "build/libs/*-all.jar",
            None,
            "build/libs",
        )
    if module.plugin(r"application|io\.micronaut\.application"):
        return "installDist", None, f"build/install/{module.name}/bin/{module.name}", f"build/install/{module.name}"
    if module.plugin(_FAT):
        return "shadowJar", "build/libs/*-all.jar", None, "build/libs"
    return "jar", module.jar or "build/libs/*.jar", None, "build/libs"


def _inputs(top: Files) -> list[str]:
    pattern = (
        r"(^|.*/)(build|settings)\.gradle(\.kts)?$|(^|.*/)gradle\.properties$|gradlew$|gradle/.*|(^|.*/)buildSrc/.*|"
        r"build-logic/.*|.*\.gradle(\.kts)?$"
    )
    return [
        top.repo_path(path) for path in top.paths if re.match(pattern, path) and not re.search(r"(^|/)build/", path)
    ]
