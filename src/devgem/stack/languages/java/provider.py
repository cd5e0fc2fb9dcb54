"""From the modules of a build to the plan for one of them."""

import posixpath
import re
from dataclasses import dataclass, replace

from devgem.domain.plan import Argv, BuildPlan, Candidate, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, required_names
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT, Address, find_address, on_port
from devgem.stack.languages.code import search
from devgem.stack.languages.java import gradle, maven
from devgem.stack.languages.java.frameworks import Program, classify, health_path
from devgem.stack.languages.java.module import Build, Module, Where, find_main, settings, sources
from devgem.stack.languages.java.versions import DEFAULT, java_version
from devgem.stack.languages.wording import doubt, listed, note
from devgem.stack.provider import Answer

_JAVA = "java -XX:MaxRAMPercentage=75"
_READS = (r"(?:getenv|env)\(\s*\"NAME\"", r"getenv\(\)\s*(?:\.get\(|\[)\s*\"NAME\"", r"\$\{\??NAME[:}]")
_BINDS = (
    r"\bport\s*=\s*(?P<port>\d{2,5})\b",
    r"\.(?:start|listen|port|setPort)\(\s*(?P<port>\d{2,5})\b",
    r"InetSocketAddress\(\s*(?:\"(?P<host>[^\"]*)\"\s*,\s*)?(?P<port>\d{2,5})",
    r"(?i)\bport\w*\s*(?:=|:|\?:|\?\?|\.orElse\()\s*\"?(?P<port>\d{2,5})\b",
    r"getOrDefault\(\s*\"\w*PORT\"\s*,\s*\"(?P<port>\d{2,5})\"",
    r"\bnew\s+(?:Jetty)?Server\(\s*(?P<port>\d{2,5})",
)
_PORTS = (
    r"^\s*(?:server|quarkus\.http|micronaut\.server)\.port\s*[=:]\s*(?:\$\{\w+:)?(\d{2,5})",
    r"^server:\s*\n(?:\s+[^\n]*\n)*?\s+port:\s*(?:\$\{\w+:)?(\d{2,5})",
)


@dataclass(frozen=True)
class _App:
    """A module with what it is."""

    module: Module
    program: Program
    sources: list[str]
    settings: list[str]


class Java:
    language = "java"

    async def plan(self, files: Files) -> Answer:
        modules = await maven.find_modules(files) or await gradle.find_modules(files)
        if not modules:
            return await _without_tool(files)
        apps = [await _app(files, module) for module in modules if _inside(files, module)]
        if not apps and modules and files.dir != modules[0].root:
            return None
        return await _choose(files, modules, apps)


def _inside(files: Files, module: Module) -> bool:
    return files.dir == "." or f"{module.dir}/".startswith(f"{files.dir}/")


async def _app(files: Files, module: Module) -> _App:
    code, configuration = sources(files, module.dir), settings(files, module.dir)
    return _App(module, await classify(files.root, module, code, configuration), code, configuration)


async def _choose(files: Files, modules: list[Module], apps: list[_App]) -> Answer:
    """The one server; else the one program."""
    servers = [app for app in apps if app.program.is_server and app.sources]
    if len(servers) == 1:
        return await _plan(files, modules, servers[0])
    if servers:
        return Unplannable(
            f"Java web servers are in {listed(app.module.dir for app in servers)}.",
            "Choose one with --dir.",
            tuple(Candidate(app.module.dir, _summary(app)) for app in servers),
            language="java",
        )
    programs = [app for app in apps if await _can_start(files.root, app)]
    if len(programs) == 1:
        return await _plan(files, modules, programs[0])
    if any(app.module.plugin(r"com\.android\.\w+") for app in apps):
        return Unplannable(
            "This is an Android app: it runs on a phone.", "Choose a server's folder with --dir.", language="java"
        )
    none = f"Programs, none of them a web server, are in {listed(app.module.dir for app in programs)}."
    return Unplannable(
        none if programs else "There is no class with a main function: this is a library.",
        "Choose one with --dir." if programs else "Add a class with a main function.",
        tuple(Candidate(app.module.dir, _summary(app)) for app in programs),
        language="java",
    )


async def _can_start(root: Files, app: _App) -> bool:
    """Quarkus makes the main function itself."""
    made = app.program.framework is not None and app.program.framework.name == "quarkus" and app.sources
    return bool(made) or await find_main(root, app.sources) is not None


def _summary(app: _App) -> str:
    framework = app.program.framework
    return f"Java, {framework.name if framework else 'no framework'}"


async def _plan(files: Files, modules: list[Module], app: _App) -> Answer:
    module, program = app.module, app.program
    findings = Findings(files.root)
    findings.add("language", "java", module.manifest, 1)
    version = await java_version(files.root, module, findings)
    name = program.framework.name if program.framework else None
    tool = maven if module.tool == "maven" else gradle
    build = tool.commands(files, module, modules, framework=name)
    if module.packaging == "war" and name not in ("spring-boot", "quarkus"):
        return Unplannable(
            "This makes a WAR, which needs a servlet container.",
            "Add a Dockerfile that starts from tomcat and copies the WAR into its webapps folder.",
            language="java",
        )
    if program.framework and program.seen:
        findings.add("framework", program.framework.name, program.seen[1].path, program.seen[1].line)
    env = await find_env(files.root, "java", only=[*app.sources, *app.settings])
    plan = BuildPlan(
        stack=Stack("java", name, module.tool, Kind.WORKER, "java", version),
        dir=module.root,
        install=build.install,
        install_inputs=build.inputs,
        deps=build.deps,
        build=build.build,
        artifacts=build.artifacts if program.framework else (),
        build_env=build.env,
        port=DEFAULT_PORT,
        env_names=names(env),
        env_required=required_names(env),
    )
    if not build.sure:
        plan = doubt(
            plan, f"{module.manifest} does not show what the packaged file is called, or that it can be started."
        )
    plan = await _with_start(plan, files.root, app, build, findings)
    plan = await _with_settings(plan, files.root, app, findings)
    if plan.start is None:
        return Unplannable(
            "No class with a main function was found.", "State mainClass in the build file.", language="java"
        )
    return replace(plan, stack=replace(plan.stack, evidence=findings.all()))


async def _with_start(plan: BuildPlan, root: Files, app: _App, build: Build, findings: Findings) -> BuildPlan:
    program = app.program
    options, arguments, address = "", "", Address()
    if program.is_server and program.listens:
        findings.add("kind", "server", program.listens.path, program.listens.line)
        plan = replace(plan, stack=replace(plan.stack, kind=Kind.SERVER))
        options = program.framework.options if program.framework else ""
        if not options:
            paths = [*app.sources, *app.settings]
            arguments = " -port=$PORT" if await search(root, paths, r"\bEngineMain\b") else ""
            first = [program.code.path] if program.code else []
            address = await find_address(root, paths, _READS, _BINDS, first=first)
            plan = note(plan, *(() if arguments else address.notes(root)))
            if not (address.sure or arguments):
                plan = doubt(plan, "The code does not show the port that it listens on.")
        port = await _stated_port(root, app, findings) if options else address.record(findings)
        plan = replace(plan, port=port)
    else:
        findings.add("kind", "worker", app.module.manifest, 1)
        if program.other_protocol:
            at = f"{program.other_protocol.path}:{program.other_protocol.line}"
            plan = doubt(plan, f"{at} listens, but not for HTTP: it gets no URL.")
    if program.framework and program.framework.name == "dropwizard":
        plan = doubt(plan, "Dropwizard is started with `server`; a Procfile can name its configuration.")
        arguments = " server"
    launch = await _launch(root, app, build, options, findings)
    return replace(plan, start=_as_command(f"{launch}{arguments}", address)) if launch else plan


async def _launch(root: Files, app: _App, build: Build, options: str, findings: Findings) -> str | None:
    """The command, for a shell to fill in PORT."""
    with_options = f"{_JAVA} {options}".rstrip()
    if build.program:
        findings.add(
            "start", build.program, app.module.manifest, _line(app.module.plugin(r"application|io\.micronaut\..*"))
        )
        return (
            f"JAVA_OPTS='-XX:MaxRAMPercentage=75' exec {build.program}"
            if not options
            else f'JAVA_OPTS="{options}" exec {build.program}'
        )
    if build.jar:
        findings.add("start", build.jar, app.module.manifest, 1)
        return f"{with_options} -jar {build.jar}"
    listening = [app.program.code.path] if app.program.code else []
    main = await find_main(root, app.sources, listening)
    stated = app.module.main_class
    if main is None and stated is None:
        return None
    if stated:
        findings.add("start", stated[0], stated[1].path, stated[1].line)
    elif main:
        findings.add("start", main[0], main[1].path, main[1].line)
    name = stated[0] if stated else main[0] if main else ""
    return f"{with_options} -cp '{build.class_path}' {name}"


def _line(found: tuple[str, Where] | None) -> int | None:
    return found[1].line if found else None


def _as_command(text: str, address: Address) -> Argv:
    if address.variable not in (None, "PORT"):
        text = f"{address.variable}=$PORT exec {text}" if " exec " not in text else f"{address.variable}=$PORT {text}"
    if "$" in text or "*" in text or "'" in text or '"' in text:
        return on_port(text)
    return tuple(text.split())


async def _stated_port(root: Files, app: _App, findings: Findings) -> int:
    """The port in the framework's own settings, as properties or YAML."""
    found = await search(root, app.settings, *_PORTS)
    if found:
        findings.add("port", found.value, found.path, found.line + found.match.group().count("\n"))
        return int(found.value)
    return (app.program.framework and app.program.framework.port) or DEFAULT_PORT


async def _with_settings(plan: BuildPlan, root: Files, app: _App, findings: Findings) -> BuildPlan:
    local = await search(
        root, app.settings, r"jdbc:(postgresql|mysql|mariadb|sqlserver|oracle)[^\n]*(?:localhost|127\.0\.0\.1)"
    )
    if local:
        findings.add("database", local.value, local.path, local.line)
        said = f"{local.path}:{local.line} expects {local.value} on this machine"
        plan = note(plan, f"{said}: set SPRING_DATASOURCE_URL, _USERNAME and _PASSWORD.")
    health = await health_path(root, app.module, app.settings) if app.program.is_server else None
    if health is None:
        return plan
    findings.add("health_path", health[0], health[1].path, health[1].line)
    return replace(plan, health_path=health[0])


async def _without_tool(files: Files) -> Answer:
    """Sources without a build file, when they need the JDK only."""
    code = [p for p in files.paths if p.endswith(".java") and p.count("/") <= 6 and not re.search(r"(^|/)tests?/", p)]
    if any(re.search(r"(^|/)(pom\.xml|build\.gradle(\.kts)?)$", path) for path in files.paths):
        return None
    module = Module("javac", files.dir, files.dir, files.repo_path(code[0]) if code else "")
    paths = [files.repo_path(path) for path in code]
    if "build.sbt" in files:
        return Unplannable("Scala builds (sbt) are not planned.", "Add a Dockerfile.", language="java")
    program = await classify(files.root, module, paths, [])
    main = await find_main(files.root, paths, [program.code.path] if program.code else [])
    if main is None:
        return None
    foreign = await search(
        files.root, paths, r"^import\s+(?:static\s+)?((?!java\.|javax\.|jdk\.|com\.sun\.)[\w.]+)\.\w+;"
    )
    own = {posixpath.dirname(path) for path in code}
    if foreign and not any(folder.endswith(foreign.value.replace(".", "/")) for folder in own):
        return Unplannable(
            f"{foreign.path}:{foreign.line} imports {foreign.value}, but there is no pom.xml or build.gradle.",
            "Add one that names the libraries.",
            language="java",
        )
    findings = Findings(files.root)
    findings.add("language", "java", main[1].path, 1)
    findings.add("start", main[0], main[1].path, main[1].line)
    plan = BuildPlan(
        stack=Stack("java", None, None, Kind.WORKER, "java", DEFAULT),
        dir=files.dir,
        build=(("javac", "-encoding", "UTF-8", "-d", "bin", *code),),
        start=("java", "-cp", "bin", main[0]),
        port=DEFAULT_PORT,
    )
    env = await find_env(files.root, "java", only=paths)
    plan = replace(plan, env_names=names(env), env_required=required_names(env))
    if program.listens is None:
        findings.add("kind", "worker", main[1].path, main[1].line)
        return replace(plan, stack=replace(plan.stack, evidence=findings.all()))
    findings.add("kind", "server", program.listens.path, program.listens.line)
    first = [program.code.path] if program.code else []
    address = await find_address(files.root, paths, _READS, _BINDS, first=first)
    port = address.record(findings)
    plan = note(replace(plan, port=port, start=address.command(plan.start or ())), *address.notes(files.root))
    plan = replace(plan, stack=replace(plan.stack, kind=Kind.SERVER, evidence=findings.all()))
    return plan if address.sure else doubt(plan, "The code does not show the port that it listens on.")
