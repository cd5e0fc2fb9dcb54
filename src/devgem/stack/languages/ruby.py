"""Ruby: Rack applications (Sinatra, Roda, Hanami and others), and programs without a framework."""

import re
from dataclasses import replace

from devgem.domain.plan import BuildPlan, Kind, Stack, Unplannable
from devgem.stack.env_names import find_env, names, required_names, source_paths
from devgem.stack.evidence import Findings
from devgem.stack.files import Files
from devgem.stack.languages.address import DEFAULT_PORT, SPEAKS_HTTP, find_address, on_port
from devgem.stack.languages.code import Hit, search
from devgem.stack.languages.gemfile import (
    DEFAULT,
    DEPS,
    INSTALL,
    Gems,
    bundle_env,
    install_inputs,
    read_gems,
    ruby_version,
)
from devgem.stack.languages.rails import is_rails, rails_plan
from devgem.stack.languages.wording import doubt, note
from devgem.stack.provider import Answer, NoStart

_FRAMEWORKS = ("hanami", "sinatra", "roda", "grape", "padrino", "cuba", "syro", "agoo", "rack")
_SITES = ("jekyll", "github-pages")
_SERVERS = ("puma", "falcon", "unicorn", "thin", "iodine", "webrick")
_USUAL = ("app.rb", "server.rb", "web.rb", "main.rb", "bot.rb", "worker.rb", "run.rb")
_NOT_PROGRAMS = ("spec_helper.rb", "test_helper.rb", "rails_helper.rb")
_LISTENS = (
    r"\bWEBrick::HTTPServer\.new\b",
    r"\b(?:Rackup|Rack)::(?:Handler|Server)\b",
    r"^\s*require\s+['\"]sinatra['\"]|\bSinatra::(?:Base|Application)\b[^\n]*|^\s*run!",
)
_READS = (r"ENV(?:\.fetch\(|\[)\s*['\"]NAME['\"]",)
_BINDS = (
    r"\bTCPServer\.(?:new|open)\b\(?\s*['\"](?P<host>[^'\"]*)['\"]\s*,\s*(?P<port>\d{2,5})",
    r"\bTCPServer\.(?:new|open)\b\(?\s*(?P<port>\d{2,5})",
    r"(?:\bPort:|:Port\s*=>|\bset\s+:port\s*,)\s*(?P<port>\d{2,5})",
    r"PORT['\"]\s*(?:,|\)\s*(?:\{|do)|\]\s*\|\|)\s*['\"]?(?P<port>\d{2,5})",
    r"(?i)^\s*port\s*=\s*(?P<port>\d{2,5})",
)


class Ruby:
    language = "ruby"

    async def plan(self, files: Files) -> Answer:
        gems = await read_gems(files)
        if gems.first(*_SITES) and not is_rails(files, gems):
            return None
        if not files.first("Gemfile", "config.ru") and not _scripts(files):
            return None
        if gems.foreign:
            return Unplannable(
                f"Gemfile.lock was made for {', '.join(gems.platforms)} only; Bundler refuses it on Linux.",
                "Run `bundle lock --add-platform x86_64-linux` and commit Gemfile.lock.",
                language="ruby",
            )
        findings = Findings(files)
        base = await _base(files, gems, findings)
        if is_rails(files, gems):
            answer: Answer = await rails_plan(files, gems, base, findings)
        elif "config.ru" in files:
            answer = await _rack(files, gems, base, findings)
        else:
            answer = await _program(files, gems, base, findings)
        return _with_evidence(answer, findings)


def _scripts(files: Files) -> list[str]:
    return [path for path in source_paths(files, (".rb",)) if "/" not in path and path not in _NOT_PROGRAMS]


def _with_evidence(answer: Answer, findings: Findings) -> Answer:
    if isinstance(answer, BuildPlan):
        return replace(answer, stack=replace(answer.stack, evidence=findings.all()))
    if isinstance(answer, NoStart):
        return replace(answer, plan=replace(answer.plan, stack=replace(answer.plan.stack, evidence=findings.all())))
    return answer


async def _base(files: Files, gems: Gems, findings: Findings) -> BuildPlan:
    """Everything but what is started."""
    bundled = "Gemfile" in files
    findings.add("language", "ruby", "Gemfile" if bundled else files.first("config.ru") or _scripts(files)[0], 1)
    version = await ruby_version(files, findings)
    only = [p for p in source_paths(files, (".rb", ".ru", ".erb", ".yml")) if not _in_development(p)]
    env = await find_env(files, "ruby", only=only)
    packages = gems.packages()
    plan = BuildPlan(
        stack=Stack("ruby", None, "bundler" if bundled else None, Kind.WORKER, "ruby", version or DEFAULT),
        dir=files.dir,
        port=DEFAULT_PORT,
        run_env={"RACK_ENV": "production", "APP_ENV": "production"},
        env_names=names(env),
        env_required=required_names(env),
    )
    if not bundled:
        return plan
    settings = bundle_env(gems)
    plan = replace(
        plan,
        install=(INSTALL,),
        install_inputs=await install_inputs(files),
        deps=(files.repo_path(DEPS),),
        build_env=settings,
        run_env={**settings, **plan.run_env},
        requires_build=packages.build,
        requires_run=packages.run,
    )
    if not gems.locked:
        return note(plan, "There is no Gemfile.lock: the newest gems are installed each time; commit it.")
    return plan


def _in_development(path: str) -> bool:
    return bool(re.search(r"config/(environments/(development|test)\.rb|deploy[\w.]*\.ya?ml)$|docker-compose", path))


async def _rack(files: Files, gems: Gems, base: BuildPlan, findings: Findings) -> Answer:
    if "Gemfile" not in files:
        return Unplannable(
            "There is a config.ru, but no Gemfile that says which gems it needs.",
            'Add a Gemfile with `gem "rack"`, `gem "rackup"` and `gem "puma"`, and run `bundle lock`.',
            language="ruby",
        )
    framework = _framework(gems, findings)
    findings.add("kind", "server", "config.ru", await files.line_of("config.ru", r"^\s*run\b"))
    server = gems.first(*_SERVERS)
    if server:
        findings.add("server", server, gems.found[server].path, gems.found[server].line)
    plan = replace(base, stack=replace(base.stack, framework=framework, kind=Kind.SERVER))
    match server:
        case "puma":
            configured = "config/puma.rb" in files and await search(files, ["config/puma.rb"], r"PORT")
            command = "bundle exec puma" + (" -C config/puma.rb" if configured else " -b tcp://0.0.0.0:$PORT")
        case "falcon":
            command = "bundle exec falcon serve -b http://0.0.0.0:$PORT"
        case "unicorn":
            command = "bundle exec unicorn -o 0.0.0.0 -p $PORT"
        case "thin":
            command = "bundle exec thin start -a 0.0.0.0 -p $PORT"
        case _:
            command = "bundle exec rackup -o 0.0.0.0 -p $PORT"
    findings.add("start", command, "config.ru", await files.line_of("config.ru", r"^\s*run\b"))
    plan = replace(plan, start=on_port(command) if "$PORT" in command else tuple(command.split()))
    if server is None:
        return doubt(plan, 'No web server gem (puma, falcon, webrick) is in the Gemfile; add `gem "puma"`.')
    return plan


def _framework(gems: Gems, findings: Findings) -> str | None:
    framework = gems.first(*_FRAMEWORKS)
    if framework:
        findings.add("framework", framework, gems.found[framework].path, gems.found[framework].line)
    return framework


async def _program(files: Files, gems: Gems, base: BuildPlan, findings: Findings) -> Answer:
    scripts = _scripts(files)
    by_hand = (r"\bTCPServer\.(?:new|open)\b",) if await search(files, scripts, SPEAKS_HTTP) else ()
    listens = await search(files, scripts, *_LISTENS, *by_hand)
    library = any("/" not in path and path.endswith(".gemspec") for path in files.paths)
    if library and not listens:
        return Unplannable("This is a Ruby gem, a library.", "Add a config.ru or a Procfile.", language="ruby")
    entry = listens.path if listens else next((name for name in _USUAL if name in scripts), None)
    if entry is None and len(scripts) == 1:
        entry = scripts[0]
    if entry is None:
        return _nothing_to_start(gems, base)
    command = ("bundle", "exec", "ruby", entry) if "Gemfile" in files else ("ruby", entry)
    findings.add("start", " ".join(command), entry, listens.line if listens else 1)
    if listens is None:
        findings.add("kind", "worker", entry, 1)
        plan = replace(base, start=command)
        return (
            plan if len(scripts) == 1 else doubt(plan, f"{entry} is taken for the program; a Procfile can say another.")
        )
    return await _server(files, gems, replace(base, start=command), listens, findings)


async def _server(files: Files, gems: Gems, plan: BuildPlan, listens: Hit, findings: Findings) -> BuildPlan:
    findings.add("kind", "server", listens.path, listens.line)
    framework = "sinatra" if "inatra" in listens.match.group() or "run!" in listens.match.group() else None
    if framework:
        findings.add("framework", framework, listens.path, listens.line)
    address = await find_address(files, [], _READS, _BINDS, first=[listens.path])
    plan = replace(
        plan,
        stack=replace(plan.stack, framework=framework, kind=Kind.SERVER),
        port=address.record(findings),
        notes=(*plan.notes, *address.notes(files)),
    )
    if framework is None and not address.sure:
        plan = doubt(plan, "The code does not show the port that it listens on.")
    if "WEBrick" in listens.match.group() and "webrick" not in gems:
        plan = doubt(plan, 'WEBrick is no part of Ruby since 3.0: add a Gemfile with `gem "webrick"`.')
    if framework and not gems.first(framework):
        return doubt(plan, f'{listens.path}:{listens.line} needs {framework}: add a Gemfile with it and `gem "puma"`.')
    return plan


def _nothing_to_start(gems: Gems, base: BuildPlan) -> Answer:
    if gems.first("fastlane", "cocoapods") or not gems.found:
        return None
    return NoStart(base, "Nothing here says which Ruby program to start.", "Add a config.ru or a Procfile.")
