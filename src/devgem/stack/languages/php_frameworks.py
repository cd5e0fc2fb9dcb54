"""Laravel and Symfony, whose builds are more than their packages."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Kind
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import on_port
from devgem.stack.languages.assets import REQUIRES, find_assets
from devgem.stack.languages.code import Hit, search, search_all
from devgem.stack.languages.composer import Composer
from devgem.stack.languages.wording import note
from devgem.stack.shapes import table

FRAMEWORKS: Mapping[str, str] = {
    "laravel/lumen-framework": "lumen",
    "slim/slim": "slim",
    "cakephp/cakephp": "cakephp",
    "codeigniter4/framework": "codeigniter",
    "yiisoft/yii2": "yii2",
    "drupal/core-recommended": "drupal",
    "drupal/core": "drupal",
    "mezzio/mezzio": "mezzio",
    "laminas/laminas-mvc": "laminas",
    "flightphp/core": "flight",
    "roots/wordpress": "wordpress",
}
WORKERS: Mapping[str, str] = {"PHP_CLI_SERVER_WORKERS": "4"}
BUILT_IN_SERVER = (
    "PHP's own web server with 4 workers is started, which takes addresses with a dot for files: for heavy loads add a "
    "Dockerfile with FrankenPHP or PHP-FPM."
)
_DRIVERS = {
    "mysql": "pdo_mysql",
    "mariadb": "pdo_mysql",
    "pgsql": "pdo_pgsql",
    "postgresql": "pdo_pgsql",
    "postgres": "pdo_pgsql",
}
_ELSEWHERE = re.compile(r"^when@(?:dev|test)\b")
_STORED = r"env\('(SESSION_DRIVER|CACHE_STORE|CACHE_DRIVER)',\s*'(?:database|file)'\)"
_BUILD_SCRIPTS = ("build", "production", "prod")


async def with_framework(plan: BuildPlan, files: Files, composer: Composer, findings: Findings) -> BuildPlan | None:
    if "artisan" in files and "laravel/framework" in composer:
        return await _laravel(plan, files, composer, findings)
    if "bin/console" in files and "symfony/framework-bundle" in composer:
        return await _symfony(plan, files, composer, findings)
    return None


async def _named(framework: str, package: str, files: Files, composer: Composer, findings: Findings) -> None:
    path = "composer.json" if package in composer.requires else "composer.lock"
    line = await files.line_of(path, rf'"{re.escape(package)}"')
    findings.add("framework", framework, path, line)
    findings.add("kind", "server", path, line)


async def _laravel(plan: BuildPlan, files: Files, composer: Composer, findings: Findings) -> BuildPlan:
    await _named("laravel", "laravel/framework", files, composer, findings)
    findings.add("document_root", "public", "public/index.php", 1)
    if "server.php" in files:
        findings.add("router", "server.php", "server.php", 1)
        start = on_port("php -S 0.0.0.0:$PORT -t public server.php")
    else:
        router = "vendor/laravel/framework/src/Illuminate/Foundation/resources/server.php"
        start = on_port(f"cd public && exec php -S 0.0.0.0:$PORT ../{router}")
    plan = replace(
        plan,
        stack=replace(plan.stack, framework="laravel", kind=Kind.SERVER),
        build=(("php", "artisan", "package:discover"),),
        start=start,
        run_env={**WORKERS, "APP_ENV": "production", "LOG_CHANNEL": "stderr", "VIEW_COMPILED_PATH": "/tmp"},  # noqa: S108
        notes=(*plan.notes, BUILT_IN_SERVER),
    )
    plan = await _require(plan, "APP_KEY", files, ["config/app.php"], r"env\(\s*'APP_KEY'", findings)
    plan = note(plan, "APP_KEY is made by `php artisan key:generate --show`.")
    health = await search(files, ["bootstrap/app.php"], r"\bhealth:\s*'([^']+)'")
    if health:
        findings.add("health_path", health.value, health.path, health.line)
        plan = replace(plan, health_path=health.value)
    plan = await _laravel_database(plan, files, findings)
    return await _with_assets(plan, files, findings)


async def _laravel_database(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    connection = await search(files, [".env.example"], r"^DB_CONNECTION=(\w+)") or await search(
        files, ["config/database.php"], r"'default'\s*=>\s*env\('DB_CONNECTION',\s*'(\w+)'"
    )
    if connection is None:
        return plan
    name = connection.value
    findings.add("database", name, connection.path, connection.line)
    plan = _with_extension(plan, _DRIVERS.get(name, "pdo_sqlite"))
    if name in _DRIVERS:
        said = f"A {name} database is needed: set DB_CONNECTION={name}, DB_HOST, DB_DATABASE, DB_USERNAME, DB_PASSWORD."
        return note(plan, said)
    return await _without_database(plan, files, findings)


async def _without_database(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """Sessions in cookies and a cache in memory, where the default is a table or a folder that is not there."""
    kept = {"SESSION_DRIVER": "cookie", "CACHE_STORE": "array", "CACHE_DRIVER": "array"}
    for hit in await search_all(files, ["config/session.php", "config/cache.php"], _STORED):
        variable = hit.match.group(1)
        findings.add("setting", f"{variable}={kept[variable]}", hit.path, hit.line)
        plan = replace(plan, run_env={**plan.run_env, variable: kept[variable]})
    if "SESSION_DRIVER" not in plan.run_env:
        return plan
    return note(plan, "Sessions are kept in cookies, since there is no database; set SESSION_DRIVER to change that.")


async def _symfony(plan: BuildPlan, files: Files, composer: Composer, findings: Findings) -> BuildPlan:
    await _named("symfony", "symfony/framework-bundle", files, composer, findings)
    root = "public" if "public/index.php" in files else "web"
    findings.add("document_root", root, f"{root}/index.php", 1)
    build: list[Argv] = [] if ".env" in files or "symfony/dotenv" not in composer else [("touch", ".env")]
    for name, kind in table(composer.manifest, "scripts", "auto-scripts").items():
        if kind == "symfony-cmd":
            command = name.replace("%PUBLIC_DIR%", root)
            findings.add(
                "build", command, "composer.json", await files.line_of("composer.json", re.escape(f'"{name}"'))
            )
            build.append(("php", "bin/console", *shlex.split(command)))
    if "symfony/asset-mapper" in composer:
        line = await files.line_of("composer.json", '"symfony/asset-mapper"')
        findings.add("build", "asset-map:compile", "composer.json", line)
        build.append(("php", "bin/console", "asset-map:compile"))
    prod = {"APP_ENV": "prod", "APP_DEBUG": "0"}
    plan = replace(
        plan,
        stack=replace(plan.stack, framework="symfony", kind=Kind.SERVER),
        build=tuple(build),
        build_env={**plan.build_env, **prod},
        run_env={**WORKERS, **prod},
        start=on_port(f"php -S 0.0.0.0:$PORT -t {root}"),
        notes=(*plan.notes, BUILT_IN_SERVER),
    )
    plan = await _symfony_env(plan, files, findings)
    return await _with_assets(plan, files, findings)


async def _symfony_env(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """What the configuration reads by %env(...)%; required unless .env gives it a value."""
    given = await search_all(files, [".env", ".env.prod"], r"^([A-Z][A-Z0-9_]*)=([^\n]*)")
    valued = {hit.match.group(1) for hit in given if hit.match.group(2).strip("\"' ")}
    configs = [p for p in files.paths if re.match(r"config/.*\.(ya?ml|php)$", p) and not re.search(r"/(dev|test)/", p)]
    for hit in await search_all(files, configs, r"%env\((?:\w+:)*([A-Z][A-Z0-9_]*)\)%"):
        name = hit.match.group(1)
        if _ELSEWHERE.search(_section(hit)):
            continue
        plan = replace(plan, env_names=tuple(sorted({*plan.env_names, name})))
        if name not in valued and name not in plan.env_required:
            findings.add("env_required", name, hit.path, hit.line)
            plan = replace(plan, env_required=tuple(sorted({*plan.env_required, name})))
    database = next((hit for hit in given if hit.match.group(1) == "DATABASE_URL"), None)
    if database is None:
        return plan
    scheme = database.match.group(2).strip("\"' ").partition(":")[0]
    findings.add("database", scheme, database.path, database.line)
    plan = _with_extension(plan, _DRIVERS.get(scheme, "pdo_sqlite"))
    return note(plan, f"A {scheme} database is needed: set DATABASE_URL.") if scheme in _DRIVERS else plan


def _section(hit: Hit) -> str:
    """The name of the top-level part of a YAML file in which something was found."""
    before = hit.match.string[: hit.match.start()]
    return next((line for line in reversed(before.splitlines()) if line[:1].strip()), "")


async def _require(
    plan: BuildPlan, name: str, files: Files, paths: list[str], pattern: str, findings: Findings
) -> BuildPlan:
    hit = await search(files, paths, pattern)
    findings.add("env_required", name, hit.path if hit else "composer.json", hit.line if hit else None)
    names, required = {*plan.env_names, name}, {*plan.env_required, name}
    return replace(plan, env_names=tuple(sorted(names)), env_required=tuple(sorted(required)))


def _with_extension(plan: BuildPlan, extension: str) -> BuildPlan:
    package = f"php-{extension.replace('_', '-')}"
    return replace(
        plan,
        requires_build=tuple(dict.fromkeys((package, *plan.requires_build))),
        requires_run=tuple(dict.fromkeys((package, *plan.requires_run))),
    )


async def _with_assets(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """Vite, Mix or Encore: whatever the package.json builds."""
    assets = await find_assets(files)
    script = next((name for name in _BUILD_SCRIPTS if assets and name in assets.scripts), None)
    if assets is None or script is None:
        return plan
    findings.add("assets", script, assets.path, await files.line_of(assets.path, rf'"{script}"\s*:'))
    return replace(
        plan,
        install=(*plan.install, assets.install),
        install_inputs=(*plan.install_inputs, *assets.inputs),
        deps=(*plan.deps, *assets.deps),
        build=(*plan.build, assets.run(script)),
        requires_build=(*plan.requires_build, *REQUIRES),
    )
