"""What a Java or Kotlin program is: by its dependencies, then by its code."""

from collections.abc import Sequence
from dataclasses import dataclass

from devgem.stack.files import Files
from devgem.stack.languages.address import SPEAKS_HTTP
from devgem.stack.languages.code import Hit, search
from devgem.stack.languages.java.module import Module, Where

_SPRING_WEB = (
    r"spring-boot-starter-(?:web|webmvc|webflux|jersey|data-rest|hateoas|websocket|web-services|undertow|jetty|tomcat)"
    r"|spring-cloud-(?:starter-)?(?:gateway\S*|starter-gateway\S*|config-server|starter-netflix-eureka-server|starter-netflix-zuul)"
    r"|spring-cloud-starter-gateway\S*|spring-boot-admin-starter-server|vaadin-spring-boot-starter|springdoc-openapi-starter-web\S+"
)


@dataclass(frozen=True)
class Framework:
    """`server` matches the artifact ids of dependencies that make it one, `member` those that only show the framework.
    `options` set the port: JVM options, or, after the program, `arguments`."""

    name: str
    server: str
    member: str = r"(?!)"
    plugin: str = r"(?!)"
    options: str = ""
    port: int | None = None


FRAMEWORKS: Sequence[Framework] = (
    Framework(
        "quarkus",
        r"quarkus-(?:rest\S*|resteasy\S*|undertow|vertx-http|reactive-routes|smallrye-graphql|websockets\S*|web-dependency\S*)",
        r"quarkus-\S+",
        r"io\.quarkus|quarkus-maven-plugin",
        "-Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT",
        8080,
    ),
    Framework(
        "spring-boot",
        _SPRING_WEB,
        r"spring-boot-starter\S*",
        r"org\.springframework\.boot|spring-boot-maven-plugin",
        "-Dserver.port=$PORT",
        8080,
    ),
    Framework(
        "micronaut",
        r"micronaut-http-server\S*",
        r"micronaut-\S+",
        r"io\.micronaut\.\w+|micronaut-maven-plugin",
        "-Dmicronaut.server.host=0.0.0.0 -Dmicronaut.server.port=$PORT",
        8080,
    ),
    Framework("helidon", r"helidon-(?:webserver|microprofile|bundles)\S*", options="-Dserver.port=$PORT", port=8080),
    Framework("ktor", r"ktor-server-(?:netty|cio|jetty|tomcat)\S*", r"ktor-server-\S+"),
    Framework("dropwizard", r"dropwizard-core"),
    Framework("javalin", r"javalin(?:-bundle)?"),
    Framework("vertx", r"vertx-web"),
    Framework("spark", r"spark-core|spark-kotlin"),
    Framework("http4k", r"http4k-server-\S+"),
    Framework("jooby", r"jooby\S*"),
    Framework("ratpack", r"ratpack-core"),
    Framework("undertow", r"undertow-core"),
    Framework("jetty", r"jetty-server|jetty-servlet"),
)
_LISTENS = (
    r"\bHttpServer\.create\(",
    r"\bSimpleFileServer\.createFileServer\(",
    r"\bembeddedServer\(",
    r"\bEngineMain\.main\(",
    r"\bJavalin\.(?:create|start)\(",
    r"\.createHttpServer\(",
    r"\bnew\s+(?:Jetty)?Server\(\s*\d",
    r"\bUndertow\.builder\(",
)
_OTHER_PROTOCOL = r"\bnew\s+ServerSocket\(|\bServerBuilder\.forPort\("


@dataclass(frozen=True)
class Program:
    """What a module is. `listens` shows that it serves HTTP; `seen` the dependency or plugin of its framework."""

    framework: Framework | None
    seen: tuple[str, Where] | None
    listens: Where | None
    code: Hit | None = None
    other_protocol: Hit | None = None

    @property
    def is_server(self) -> bool:
        return self.listens is not None


async def classify(root: Files, module: Module, sources: Sequence[str], settings: Sequence[str]) -> Program:
    code = await search(root, sources, *_LISTENS)
    for framework in FRAMEWORKS:
        serving = module.dependency(framework.server)
        seen = serving or module.plugin(framework.plugin) or module.dependency(framework.member)
        if seen is None:
            continue
        runtime = await _micronaut_runtime(root, module) if framework.name == "micronaut" else None
        no_web = await search(root, settings, r"web-application-type\s*[:=]\s*none")
        at = None if no_web else serving[1] if serving else runtime
        if at is None and code:
            at = Where(code.path, code.line)
        return Program(framework, seen, at, code)
    if code:
        return Program(None, None, Where(code.path, code.line), code)
    other = await search(root, sources, _OTHER_PROTOCOL)
    if other and await search(root, sources, SPEAKS_HTTP):
        return Program(None, None, Where(other.path, other.line), other)
    return Program(None, None, None, other_protocol=other)


async def _micronaut_runtime(root: Files, module: Module) -> Where | None:
    line = await root.line_of(
        module.manifest,
        r"runtime\(\s*['\"](netty|jetty|tomcat|undertow)|<micronaut\.runtime>(netty|jetty|tomcat|undertow)",
    )
    return Where(module.manifest, line) if line else None


async def health_path(root: Files, module: Module, settings: Sequence[str]) -> tuple[str, Where] | None:
    """Actuator's and SmallRye's addresses, where nothing moves or guards them."""
    if found := module.dependency(r"quarkus-smallrye-health"):
        return "/q/health", found[1]
    actuator = module.dependency(r"spring-boot-starter-actuator")
    if actuator is None or module.dependency(r"spring-boot-starter-(?:security|oauth2)\S*"):
        return None
    moved = await search(root, settings, r"management\.server\.port|context-path|base-path|^management:\s*\n\s+server:")
    return None if moved else ("/actuator/health", actuator[1])
