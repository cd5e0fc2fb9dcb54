"""Ruby: Bundler, Rails and the code."""

from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_ruby
from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says

_BUNDLE = Command(("bundle", "install"), "Commit Gemfile.lock.")
_STANDARD = {
    "bigdecimal",
    "csv",
    "drb",
    "mutex_m",
    "base64",
    "ostruct",
    "logger",
    "benchmark",
    "rexml",
    "webrick",
    "net/smtp",
}


def _load_error(clue: Clue) -> Finding | None:
    name = clue["name"]
    if name.startswith(("/", ".")):
        return Finding(f"the Ruby file `{name}` is not there", (Advice("commit it, or correct the path"),))
    gem = name if name in _STANDARD else name.partition("/")[0]
    gem = gem.replace("/", "-")
    left = " (newer Rubies no longer bring it along)" if name in _STANDARD else ""
    return Finding(f"the Ruby library `{name}` is not installed{left}", tuple(add_ruby(clue.evidence, gem)))


def _ruby_version(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("Gemfile")
    have = clue["have"]
    why = f"The version that is installed here; try it with {have} first."
    if path and have:
        pattern = r"^ruby[ (]{1,2}['\"][^'\"\n]{1,40}['\"][^\n]{0,40}$"
        diff = edits.substituted(path, clue.evidence.files[path], pattern, f'ruby "~> {have.rpartition(".")[0]}"', why)
        yield from (diff,) if diff and not clue.evidence.has("Gemfile.lock") else ()
    yield Advice("install the Ruby that the Gemfile asks for on this machine")


def _migrate(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("Procfile")
    line = "release: bin/rails db:migrate"
    if path and "release:" not in clue.evidence.files[path]:
        diff = edits.appended(path, clue.evidence.files[path], line, "It migrates before each start.")
        yield from (diff,) if diff else ()
    else:
        yield Advice(f"let the migrations run before each start: `{line}` in a Procfile")


def _allow_host(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("config/environments/production.rb")
    host = clue["host"].partition(":")[0]
    yield Advice(f"add `config.hosts << {host!r}` to {path or 'config/environments/production.rb'}")


RULES: tuple[Rule, ...] = (
    rule(
        "ruby.lock_stale",
        "Gemfile.lock does not fit the Gemfile",
        says("Gemfile.lock does not fit the Gemfile", _BUNDLE),
        r"The dependencies in your gemfile changed|You are trying to install in deployment mode after changing",
        r"the lockfile can't be updated because frozen mode is set|The gemspecs for path gems changed",
    ),
    rule(
        "ruby.lock_platform",
        "Gemfile.lock was made for another platform",
        says(
            "Gemfile.lock was made for another platform", Command(("bundle", "lock", "--add-platform", "x86_64-linux"))
        ),
        r"Your (?:bundle|lockfile) (?:only supports platforms|does not (?:support|include))[^\n]{0,200}platform",
    ),
    rule(
        "ruby.version",
        "The Gemfile asks for another Ruby",
        says("the Gemfile asks for Ruby `{want}`, and this machine has {have}", _ruby_version),
        r"Your Ruby version is (?P<have>[\d.]{1,12}), but your Gemfile specified (?P<want>[^\n]{1,60})",
        r"requires ruby version (?P<want>[^\n]{1,60}?), which is incompatible with the current version,"
        r" (?:ruby )?(?P<have>[\d.]{1,12})",
        r"the Gemfile asks for Ruby (?P<want>[^\n]{1,40}), and this machine has (?P<have>[\d.]{1,12})",
    ),
    rule(
        "ruby.bundler_version",
        "The Bundler that wrote Gemfile.lock is not installed",
        says("Bundler {want}, which wrote Gemfile.lock, is not installed", Command(("bundle", "update", "--bundler"))),
        r"Could not find 'bundler' \((?P<want>[\d.]{1,12})\) required by your",
    ),
    rule(
        "ruby.no_such_gem",
        "A gem does not exist, or none fits",
        says(
            "there is no gem `{name}`, or none that fits",
            Advice("correct the Gemfile: see https://rubygems.org"),
            _BUNDLE,
        ),
        r"Could not find gem '(?P<name>[^'\n]{1,100})'",
        r"Could not find (?P<name>[\w.-]{1,80}-\d[\w.]{0,20}) in (?:any of the sources|locally installed gems"
        r"|cached gems)",
    ),
    rule(
        "ruby.gem_conflict",
        "Gems contradict each other",
        says(
            "the Gemfile's gems contradict each other",
            Advice("loosen one of the versions that the log names, and run `bundle update` for it"),
        ),
        r"Bundler could not find compatible versions for gem|Could not find compatible versions$",
    ),
    rule(
        "ruby.native_gem",
        "A gem's native extension does not build",
        says(
            "the native extension of `{name}` does not build",
            Advice("see the lines above: most often the -dev package of a library is missing on the machine"),
            likely=True,
        ),
        r"An error occurred while installing (?P<name>[\w.-]{1,80}) \(",
        unless=r"fatal error: \S{1,80}\.h|cannot find -l|Could not resolve host|SocketError",
    ),
    rule(
        "ruby.js_runtime",
        "The assets need a JavaScript runtime",
        says(
            "the assets need a JavaScript runtime, and none is installed",
            Command(("apt-get", "install", "nodejs"), place="machine"),
        ),
        r"ExecJS::RuntimeUnavailable|Could not find a JavaScript runtime",
    ),
    rule(
        "ruby.asset_missing",
        "An asset was not precompiled",
        says(
            "the asset `{name}` was not made by the build",
            Advice("let the build run `bin/rails assets:precompile`, and name it in the manifest"),
        ),
        r"[Tt]he asset [\"'](?P<name>[^\"'\n]{1,120})[\"'] (?:is not present in the asset pipeline|was not"
        r" found in the load path)",
    ),
    rule(
        "ruby.migrations",
        "Rails has migrations that have not run",
        says("the database lacks migrations that the code needs", _migrate),
        r"ActiveRecord::PendingMigrationError|Migrations are pending|PG::UndefinedTable"
        r"|ActiveRecord::StatementInvalid[^\n]{0,80}Could not find table",
    ),
    rule(
        "ruby.host_blocked",
        "Rails refuses the app's public address",
        says("Rails refuses requests for `{host}`, the app's public address", _allow_host),
        r"Blocked hosts?: (?P<host>[\w.:-]{1,120})",
    ),
    rule(
        "ruby.no_server",
        "No Ruby server is installed",
        says("there is no server to run the app with", lambda clue: add_ruby(clue.evidence, "puma")),
        r"Couldn't find handler for: puma|Could not find a server gem|cannot load such file --"
        r" rack/handler/puma|cannot start 'puma'",
    ),
    rule(
        "ruby.stale_pid",
        "A file says that the server runs already",
        says(
            "tmp/pids/server.pid is in the repository, so Rails thinks that it runs already",
            Command(("git", "rm", "--cached", "tmp/pids/server.pid")),
        ),
        r"A server is already running \(|A server is already running\. Check",
    ),
    rule(
        "ruby.load_error",
        "A Ruby library is not installed",
        _load_error,
        r"cannot load such file -- (?P<name>[\w./-]{1,160})",
    ),
    rule(
        "ruby.uninitialized",
        "A Ruby constant is not known",
        says(
            "the constant `{name}` is not known",
            Advice(
                "see that its file is named after it (Zeitwerk), and that its gem is in the group that is installed"
            ),
        ),
        r"uninitialized constant (?P<name>[\w:]{1,100})|expected file \S{1,200} to define constant"
        r" (?P<name2>[\w:]{1,100})",
    ),
    rule(
        "ruby.syntax",
        "Ruby code does not parse",
        says("the Ruby code does not parse: `{what}`", Advice("mend the line that the log names")),
        r"^(?P<file>[\w./-]{1,200}\.r[bu]):(?P<line>\d{1,6}): (?P<what>syntax errors?[^\n]{0,160})",
        r"(?P<file>[\w./-]{1,200}\.rb):(?P<line>\d{1,6}): (?P<what>syntax error[^\n]{0,160})",
    ),
)
