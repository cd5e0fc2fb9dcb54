"""Maven: the modules of a reactor, and the commands that build one of them."""

import posixpath
import re
from collections.abc import Mapping

from devgem.domain.plan import Argv
from devgem.stack.files import Files
from devgem.stack.languages.code import nearest_above
from devgem.stack.languages.java.module import Build, Module, Where
from devgem.stack.languages.markup import Markup
from devgem.stack.versions import Stated

_REPOSITORY = "/deps/m2"
# MAVEN_CONFIG is a folder in Maven's own images, and arguments to the wrapper.
_QUIET = "-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn"
_JAVA = ("java.version", "maven.compiler.release", "maven.compiler.target", "maven.compiler.source", "jdk.version")
_MAIN_CLASS = ("start-class", "mainClass", "exec.mainClass", "main.class")
_NOT_OWN = ("dependencyManagement", "profiles", "reporting", "build")


async def find_modules(files: Files) -> list[Module]:
    """Every module of the build that a folder belongs to."""
    top = await _top(files)
    return await _read(files.root, top, top, {}, {}, {}) if top is not None else []


async def _top(files: Files) -> str | None:
    """The folder of the outermost pom.xml of which the folder's own is a module and a child."""
    view = nearest_above(files, "pom.xml")
    while view and view.dir != ".":
        above = nearest_above(view.root.below(posixpath.dirname(view.dir) or "."), "pom.xml")
        if above is None:
            break
        outer, inner = await Markup.read(above, "pom.xml"), await Markup.read(view, "pom.xml")
        if view.dir not in [above.repo_path(module.text) for module in outer.values("module")]:
            break
        if _parent(inner) != _name(outer):
            break
        view = above
    return view.dir if view else None


def _parent(pom: Markup) -> str | None:
    parent = next(iter(pom.sections("parent")), None)
    name = parent.value("artifactId") if parent else None
    return name.text if name else None


def _name(pom: Markup) -> str | None:
    name = pom.without("parent", "dependencies", *_NOT_OWN).value("artifactId")
    return name.text if name else None


async def _read(
    root: Files,
    top: str,
    folder: str,
    properties: Mapping[str, tuple[str, Where]],
    dependencies: Mapping[str, Where],
    plugins: Mapping[str, Where],
) -> list[Module]:
    """The module in a folder and those below it; what a parent declares holds for its modules too."""
    path = posixpath.normpath(f"{folder}/pom.xml")
    pom = await Markup.read(root, path)
    own = pom.without("parent", "dependencies", *_NOT_OWN)
    properties = {**properties, **_properties(own, path)}
    dependencies = {**dependencies, **_artifacts(pom.without(*_NOT_OWN), "dependencies", path)}
    built = pom.without("profiles", "pluginManagement", "reporting")
    plugins = {**plugins, **_artifacts(built, "plugins", path)}
    listed = [value.text for value in pom.values("module")]
    module = _module(top, folder, path, pom, own, properties, dependencies, plugins)
    modules = [module] if module.packaging != "pom" else []
    for name in dict.fromkeys(listed):
        below = posixpath.normpath(f"{folder}/{name}")
        if posixpath.normpath(f"{below}/pom.xml") in root:
            modules += await _read(root, top, below, properties, dependencies, plugins)
    return modules


def _properties(own: Markup, path: str) -> dict[str, tuple[str, Where]]:
    found = {}
    for section in own.sections("properties"):
        for name in re.findall(r"<([\w.-]+)>", section.text):
            if value := section.value(re.escape(name)):
                found[name] = (value.text, Where(path, value.line))
    return found


def _artifacts(pom: Markup, section: str, path: str) -> dict[str, Where]:
    return {
        value.text: Where(path, value.line) for part in pom.sections(section) for value in part.values("artifactId")
    }


def _module(
    top: str,
    folder: str,
    path: str,
    pom: Markup,
    own: Markup,
    properties: Mapping[str, tuple[str, Where]],
    dependencies: Mapping[str, Where],
    plugins: Mapping[str, Where],
) -> Module:
    def filled(text: str) -> str:
        known = {**{name: value for name, (value, _) in properties.items()}, "project.artifactId": name}
        return re.sub(r"\$\{([\w.-]+)\}", lambda m: known.get(m.group(1), m.group()), text)

    def text_of(tag: str, default: str = "") -> str:
        value = own.value(tag)
        return value.text if value else default

    name = text_of("artifactId", "app")
    parent = next(iter(pom.sections("parent")), Markup(""))
    inherited = parent.value("version")
    version = filled(text_of("version") or (inherited.text if inherited else ""))
    packaging = text_of("packaging", "jar")
    build = next(iter(pom.without("profiles").sections("build")), Markup(""))
    final = build.without("plugins").value("finalName")
    base = filled(final.text) if final else f"{name}-{version}"
    return Module(
        tool="maven",
        root=top,
        dir=folder,
        manifest=path,
        dependencies=dependencies,
        plugins=plugins,
        java=_java(pom, path, properties),
        main_class=_main_class(pom, path, properties),
        name=name,
        jar=f"target/{base}.{packaging}" if "${" not in base and (final or version) else None,
        packaging=packaging,
    )


def _java(pom: Markup, path: str, properties: Mapping[str, tuple[str, Where]]) -> Stated | None:
    for name in _JAVA:
        if name in properties and re.match(r"[\d.]+$", properties[name][0]):
            text, where = properties[name]
            return Stated(text, where.path, where.line)
    plugins = (p for p in pom.sections("plugin") if "maven-compiler-plugin" in p.text)
    for plugin in plugins:
        for tag in ("release", "target", "source"):
            value = plugin.value(tag)
            if value and re.match(r"[\d.]+$", value.text):
                return Stated(value.text, path, value.line)
    return None


def _main_class(pom: Markup, path: str, properties: Mapping[str, tuple[str, Where]]) -> tuple[str, Where] | None:
    for name in _MAIN_CLASS:
        if name in properties:
            return properties[name]
    value = pom.value("mainClass")
    if value is None:
        return None
    if value.text.startswith("${"):
        return properties.get(value.text[2:-1])
    return value.text, Where(path, value.line)


def commands(files: Files, module: Module, modules: list[Module], *, framework: str | None) -> Build:
    """The packaging of one module with those it needs. What the install has downloaded is a second, read-only local
    repository for the build; Maven before 3.9 fetches again. https://maven.apache.org/resolver/local-repository.html"""
    top = files.root.below(module.root)
    # The wrapper takes what precedes the last slash of its own path for its folder.
    mvn: Argv = ("sh", "./mvnw") if _wrapped(top) else ("mvn",)
    alone = len(modules) == 1 and module.dir == module.root
    fetch = "dependency:go-offline" if alone else "dependency:resolve-plugins"
    part = () if module.dir == module.root else ("-pl", posixpath.relpath(module.dir, module.root), "-am")
    extra: Argv = ()
    jar, sure = module.jar, True
    class_path: str | None = None
    artifacts: tuple[str, ...] = ()
    if framework == "quarkus":
        jar, artifacts = "target/quarkus-app/quarkus-run.jar", ("target/quarkus-app",)
    elif module.plugin(r"spring-boot-maven-plugin|micronaut-maven-plugin|maven-shade-plugin"):
        artifacts = (jar,) if jar else ()
    elif module.plugin("maven-assembly-plugin"):
        jar = module.jar and module.jar.removesuffix(".jar") + "-jar-with-dependencies.jar"
        artifacts = (jar,) if jar else ()
    else:
        extra, jar, class_path = (
            ("dependency:copy-dependencies", "-DincludeScope=runtime"),
            None,
            "target/classes:target/dependency/*",
        )
    if jar is None and class_path is None:
        jar, sure = f"target/{module.name}-*.{module.packaging}", False
    return Build(
        install=((*mvn, "-B", f"-Dmaven.repo.local={_REPOSITORY}", fetch),),
        inputs=tuple(_inputs(top)),
        deps=(_REPOSITORY,),
        build=((*mvn, "-B", f"-Dmaven.repo.local.tail={_REPOSITORY}", "-DskipTests", *part, "package", *extra),),
        env={"MAVEN_OPTS": _QUIET, "MAVEN_CONFIG": ""},
        jar=module.below(jar) if jar else None,
        class_path=":".join(module.below(part) for part in class_path.split(":")) if class_path else None,
        artifacts=tuple(posixpath.normpath(f"{module.dir}/{path}") for path in artifacts),
        sure=sure,
    )


def _wrapped(top: Files) -> bool:
    return "mvnw" in top and ".mvn/wrapper/maven-wrapper.properties" in top


def _inputs(top: Files) -> list[str]:
    found = [p for p in top.paths if re.search(r"(^|/)pom\.xml$", p) or p == "mvnw" or p.startswith(".mvn/")]
    return [top.repo_path(path) for path in found if not re.search(r"(^|/)(target|node_modules)/", path)]
