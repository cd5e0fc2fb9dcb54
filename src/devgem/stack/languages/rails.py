"""Ruby on Rails, 5 and newer."""

import re
from dataclasses import replace

from devgem.domain.plan import Argv, BuildPlan, Kind
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import on_port
from devgem.stack.languages.assets import REQUIRES, find_assets
from devgem.stack.languages.code import read_code, search
from devgem.stack.languages.gemfile import Gems
from devgem.stack.languages.wording import doubt, note

_BUNDLERS = ("jsbundling-rails", "cssbundling-rails", "vite_rails", "vite_ruby", "shakapacker", "webpacker")
_PIPELINES = ("propshaft", "sprockets-rails", "sprockets", *_BUNDLERS)
_DATABASES = {"postgresql": "PostgreSQL", "postgis": "PostgreSQL", "mysql2": "MySQL", "trilogy": "MySQL"}
_NEWEST_RUBY = (((5, 2), "2.6"), ((6, 1), "2.7"), ((7, 0), "3.0"), ((7, 1), "3.2"))
"""https://www.fastruby.io/blog/ruby/rails/versions/compatibility-table.html"""
_NOT_AN_ADDRESS = re.compile(r"THREADS|POOL|PASSWORD|TIMEOUT")


def is_rails(files: Files, gems: Gems) -> bool:
    return "config/application.rb" in files and gems.first("rails", "railties") is not None


async def rails_plan(files: Files, gems: Gems, base: BuildPlan, findings: Findings) -> BuildPlan:
    gem = gems.found["rails" if "rails" in gems else "railties"]
    findings.add("framework", "rails", gem.path, gem.line)
    findings.add("kind", "server", "config/application.rb", await files.line_of("config/application.rb", "Application"))
    plan = replace(
        base,
        stack=replace(base.stack, framework="rails", kind=Kind.SERVER),
        port=3000,
        run_env={
            **base.run_env,
            **({"BOOTSNAP_CACHE_DIR": "/tmp/bootsnap"} if "bootsnap" in gems else {}),  # noqa: S108
            "RAILS_ENV": "production",
            "RAILS_LOG_TO_STDOUT": "1",
            "RAILS_SERVE_STATIC_FILES": "1",
            "PIDFILE": "/tmp/server.pid",  # noqa: S108  # inside the app's own sandbox or container
        },
    )
    plan = _with_fitting_ruby(plan, gems, findings)
    plan = await _with_assets(plan, files, gems, findings)
    plan = await _with_secrets(plan, files, findings)
    plan = await _with_database(plan, files, gems, findings)
    plan = await _with_server(plan, files, gems, findings)
    if files.has_dir("db/migrate"):
        plan = note(plan, "Migrations are not guessed: `release: bin/rails db:prepare` in a Procfile runs them.")
    return plan


def _with_fitting_ruby(plan: BuildPlan, gems: Gems, findings: Findings) -> BuildPlan:
    """When no file states a Ruby: the newest that an old Rails runs on."""
    if any(one.claim == "version" for one in findings.all()):
        return plan
    ruby = next((ruby for rails, ruby in _NEWEST_RUBY if _before(gems, *rails)), None)
    if ruby is None:
        return plan
    said = f"No file states a Ruby version; {ruby} goes with this Rails. Add .ruby-version."
    return doubt(replace(plan, stack=replace(plan.stack, version=ruby)), said)


async def _with_server(plan: BuildPlan, files: Files, gems: Gems, findings: Findings) -> BuildPlan:
    puma, gem = "config/puma.rb", gems.found.get("puma")
    if gem and puma in files and (port := await search(files, [puma], r"\bPORT\b")):
        findings.add("start", "puma", puma, port.line)
        start: Argv = ("bundle", "exec", "puma", "-C", puma)
        given = await search(files, [puma], r"PORT['\"]?\s*(?:,|\)\s*\{)\s*['\"]?(?P<port>\d{2,5})")
        if given:
            findings.add("port", given.value, puma, given.line)
            plan = replace(plan, port=int(given.value))
    elif gem:
        findings.add("start", "puma", gem.path, gem.line)
        start = on_port(f"bundle exec puma{f' -C {puma}' if puma in files else ''} -b tcp://0.0.0.0:$PORT")
    elif unicorn := gems.found.get("unicorn"):
        findings.add("start", "unicorn", unicorn.path, unicorn.line)
        start = on_port("bundle exec unicorn -o 0.0.0.0 -p $PORT")
    else:
        start = on_port("bundle exec rails server -b 0.0.0.0 -p $PORT")
        plan = doubt(plan, 'No known web server gem is in the Gemfile; add `gem "puma"`.')
    health = await search(
        files, ["config/routes.rb"], r"get\s+['\"]/?([\w/]+)['\"]\s*(?:=>|,\s*to:)\s*['\"]rails/health#show"
    )
    if health:
        findings.add("health_path", f"/{health.value}", health.path, health.line)
    production = ["config/environments/production.rb"]
    ssl = await search(files, production, r"^\s*config\.force_ssl\s*=\s*true")
    if ssl and not await search(files, production, r"^\s*config\.assume_ssl\s*=\s*true"):
        plan = note(plan, f"{files.repo_path(ssl.path)}:{ssl.line} redirects plain http to https.")
    return replace(plan, start=start, health_path=f"/{health.value}" if health and not ssl else None)


async def _with_assets(plan: BuildPlan, files: Files, gems: Gems, findings: Findings) -> BuildPlan:
    pipeline = gems.first(*_PIPELINES)
    if pipeline is None or not (
        files.has_dir("app/assets") or files.has_dir("app/javascript") or files.has_dir("app/frontend")
    ):
        return plan
    found = gems.found[pipeline]
    findings.add("assets", pipeline, found.path, found.line)
    build: list[Argv] = [("bundle", "exec", "rails", "assets:precompile")]
    env = {**plan.build_env, "RAILS_ENV": "production", "SECRET_KEY_BASE_DUMMY": "1"}
    if _before(gems, 7, 1):
        env["SECRET_KEY_BASE"] = "placeholder-while-assets-are-compiled"  # noqa: S105  # what its name says
    bundler = gems.first(*_BUNDLERS)
    assets = await find_assets(files) if bundler else None
    if assets is None or bundler is None:
        return replace(plan, build=tuple(build), build_env=env)
    findings.add("assets", bundler, gems.found[bundler].path, gems.found[bundler].line)
    if bundler in ("jsbundling-rails", "cssbundling-rails"):
        env |= {"SKIP_JS_BUILD": "1", "SKIP_CSS_BUILD": "1", "SKIP_YARN_INSTALL": "1", "SKIP_BUN_INSTALL": "1"}
        build = [assets.run(script) for script in ("build", "build:css") if script in assets.scripts] + build
    if bundler.startswith("vite"):
        env["VITE_RUBY_SKIP_ASSETS_PRECOMPILE_INSTALL"] = "true"
    plan = replace(
        plan,
        install=(*plan.install, assets.install),
        install_inputs=(*plan.install_inputs, *assets.inputs),
        deps=(*plan.deps, *assets.deps),
        build=tuple(build),
        build_env=env,
        requires_build=(*plan.requires_build, *REQUIRES),
    )
    if bundler == "webpacker":
        return doubt(
            plan, "Webpacker is retired and wants an old Node and yarn; bring a Dockerfile if its build fails."
        )
    return plan


def _before(gems: Gems, major: int, minor: int) -> bool:
    gem = gems.found.get("railties") or gems.found["rails"]
    parts = [int(part) for part in gem.version.split(".")[:2] if part.isdigit()]
    return len(parts) == 2 and tuple(parts) < (major, minor)


async def _with_secrets(plan: BuildPlan, files: Files, findings: Findings) -> BuildPlan:
    """Without a secret key Rails does not start in production."""
    names = list(plan.env_names)
    production = "config/environments/production.rb"
    insists = await search(files, [production], r"^\s*config\.require_master_key\s*=\s*true")
    key = "RAILS_MASTER_KEY" if insists else "SECRET_KEY_BASE"
    credentials = files.first("config/credentials/production.yml.enc", "config/credentials.yml.enc")
    if files.first("config/master.key", "config/credentials/production.key"):
        return plan
    if insists:
        findings.add("env_required", key, production, insists.line)
    else:
        findings.add("env_required", key, credentials or "config/application.rb", None if credentials else 1)
    if credentials and not insists:
        names.append("RAILS_MASTER_KEY")
        plan = note(
            plan, f"RAILS_MASTER_KEY opens {credentials}; SECRET_KEY_BASE alone (`rails secret`) is enough to start."
        )
    required = tuple(sorted({*plan.env_required, key}))
    return replace(plan, env_names=tuple(sorted({*names, key})), env_required=required)


async def _with_database(plan: BuildPlan, files: Files, gems: Gems, findings: Findings) -> BuildPlan:
    path = "config/database.yml"
    if path not in files:
        adapter = gems.first("pg", "mysql2", "trilogy")
        if adapter is None:
            return plan
        findings.add("env_required", "DATABASE_URL", gems.found[adapter].path, gems.found[adapter].line)
        return _require_url(plan, f"There is no {path}: the database comes from DATABASE_URL.")
    text = await read_code(files, path)
    production = re.search(r"^production:.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    section = production.group() if production else ""
    found = re.search(r"^\s*adapter:\s*['\"]?(\w+)", section, re.MULTILINE) or re.search(
        r"^\s*adapter:\s*['\"]?(\w+)", text, re.MULTILINE
    )
    if found is None:
        return plan
    adapter, line = found.group(1), await files.line_of(path, rf"adapter:\s*['\"]?{found.group(1)}")
    findings.add("database", adapter, path, line)
    if adapter == "sqlite3":
        return note(
            plan, "The SQLite database lies in the app's own folder: a new revision starts without the old data."
        )
    given = [n for n in re.findall(r"ENV(?:\.fetch\(|\[)\s*['\"]([\w-]+)", section) if not _NOT_AN_ADDRESS.search(n)]
    if adapter not in _DATABASES or (given and "DATABASE_URL" not in given):
        return plan
    findings.add("env_required", "DATABASE_URL", path, line)
    return _require_url(plan, f"{_DATABASES[adapter]} is needed: set DATABASE_URL.")


def _require_url(plan: BuildPlan, said: str) -> BuildPlan:
    return note(
        replace(
            plan,
            env_names=tuple(sorted({*plan.env_names, "DATABASE_URL"})),
            env_required=tuple(sorted({*plan.env_required, "DATABASE_URL"})),
        ),
        said,
    )
