"""Rust, Elixir and .NET."""

from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says


def _located(clue: Clue, cause: str) -> Finding:
    where = f" in `{clue.quote.file}`, line {clue['line']}" if clue.quote.file else ""
    return Finding(clue.fill(cause) + where, (Advice("mend the line that the log names"),))


RULES: tuple[Rule, ...] = (
    rule(
        "rust.edition",
        "Cargo.toml or a dependency needs a newer Rust",
        says(
            "`{what}` needs a newer Rust than is installed",
            Command(("rustup", "update", "stable"), place="machine"),
            Advice("or state it in rust-toolchain.toml"),
        ),
        r"feature `(?P<what>edition20\d\d)` is required",
        r"package `(?P<what>[^`\n]{1,100})` cannot be built because it requires rustc",
        r"(?P<what>[\w@.-]{1,100}) requires rustc \d",
        r"lock file version `?(?P<what>\d{1,2})`? (?:requires|was found, but this version of Cargo does not"
        r" understand)",
        r"this version of Cargo is older than the `(?P<what>20\d\d)` edition",
    ),
    rule(
        "rust.no_toolchain",
        "rustup is installed, but no Rust",
        says("rustup is installed, but no Rust", Command(("rustup", "default", "stable"), place="machine")),
        r"rustup could not choose a version of|no default toolchain (?:is )?configured",
    ),
    rule(
        "rust.linker",
        "There is no linker",
        says(
            "there is no C compiler to link with", Command(("apt-get", "install", "build-essential"), place="machine")
        ),
        r"linker `(?:cc|gcc|clang)` not found",
    ),
    rule(
        "rust.openssl",
        "OpenSSL's headers are not installed",
        says(
            "a crate needs OpenSSL's headers, which are not installed",
            Command(("apt-get", "install", "libssl-dev", "pkg-config"), place="machine"),
            Advice("or let the crate use rustls"),
        ),
        r"Could not find directory of OpenSSL installation|failed to run custom build command for `openssl-sys",
    ),
    rule(
        "rust.lock_stale",
        "Cargo.lock does not fit Cargo.toml",
        says("Cargo.lock does not fit Cargo.toml", Command(("cargo", "update", "--workspace"), "Commit Cargo.lock.")),
        r"the lock file \S{1,200} needs to be updated but --locked was passed",
        r"cannot update the lock file \S{1,200} because --locked was passed",
    ),
    rule(
        "rust.which_binary",
        "Cargo does not know which binary to run",
        says("the package has several binaries", Advice("state one as `default-run` under [package] in Cargo.toml")),
        r"could not determine which binary to run",
    ),
    rule(
        "rust.no_crate",
        "A crate or a version of it does not exist",
        says("there is no crate `{name}` that fits", Advice("correct it in Cargo.toml: see https://crates.io")),
        r"no matching package named `(?P<name>[\w-]{1,80})` found",
        r"failed to select a version for (?:the requirement )?`(?P<name>[^`\n]{1,100})`",
    ),
    rule(
        "rust.sqlx_offline",
        "sqlx checks queries against a database in the build",
        says(
            "sqlx checks queries against a database while it compiles",
            Command(("cargo", "sqlx", "prepare"), "Commit .sqlx: the build then needs no database."),
            ConfigVar(("DATABASE_URL",), "Or give the build a database.", build=True),
        ),
        r"set `DATABASE_URL` to use query macros online|`SQLX_OFFLINE=true` but there is no cached data",
    ),
    rule(
        "rust.compile",
        "Rust code does not compile",
        lambda clue: _located(clue, "the Rust code does not compile: `{what}`"),
        r"^error\[(?P<what>E\d{1,5}\]: [^\n]{1,160})\n\s{1,8}--> (?P<file>[\w./-]{1,200}):(?P<line>\d{1,6})",
        r"^error: (?P<what>[^\n]{1,160})\n\s{1,8}--> (?P<file>[\w./-]{1,200}):(?P<line>\d{1,6})",
        r"^error\[(?P<what>E\d{1,5}\]: [^\n]{1,160})",
        r"^error: (?P<what>could not compile `[^`\n]{1,80}`)",
    ),
    rule(
        "elixir.version",
        "mix.exs asks for another Elixir",
        says(
            "the project asks for Elixir `{want}`, and this machine has {have}",
            Advice("install that Elixir on the machine, or change `elixir:` in mix.exs"),
        ),
        r"You're trying to run :\w{1,60} on Elixir v(?P<have>[\d.]{1,12}) but it has declared in its mix\.exs"
        r" file it supports only Elixir (?P<want>[^\n]{1,40})",
    ),
    rule(
        "elixir.lock",
        "mix.lock does not fit mix.exs",
        says("mix.lock does not fit mix.exs", Command(("mix", "deps.get"), "Commit mix.lock.")),
        r"lock mismatch: the dependency is out of date|Can't continue due to errors on dependencies|the"
        r" dependency is not locked",
        r"Your mix\.lock is out of date and must be updated",
    ),
    rule(
        "elixir.hex",
        "Hex is not installed",
        says(
            "Hex, Elixir's package manager, is not installed", Command(("mix", "local.hex", "--force"), place="machine")
        ),
        r"Could not find Hex, which is needed to build dependency",
    ),
    rule(
        "elixir.server_off",
        "Phoenix runs without its web server",
        says(
            "Phoenix runs, but its web server is switched off",
            ConfigVar(("PHX_SERVER",), "It switches the server on in a release.", values=(("PHX_SERVER", "true"),)),
            likely=True,
        ),
        r"Configuration :server was not enabled for \S{1,80}, http/https services won't start",
    ),
    rule(
        "elixir.compile",
        "Elixir code does not compile",
        says("the Elixir code does not compile: `{what}`", Advice("mend the line that the log names")),
        r"^\*\* \((?P<what>(?:CompileError|SyntaxError|TokenMissingError|MismatchedDelimiterError)\) [^\n]{1,160})",
        r"(?P<what>== Compilation error in file [^\n]{1,120} ==)",
    ),
    rule(
        "dotnet.sdk",
        "The .NET SDK that the app asks for is not installed",
        says(
            "the app asks for the .NET SDK {want}, which is not installed",
            Advice("install it on the machine, or change TargetFramework or global.json to what is installed"),
        ),
        r"NETSDK1045: The current \.NET SDK does not support targeting \.NET (?P<want>[\d.]{1,8})",
        r"Requested SDK version: (?P<want>[\d.]{1,16})",
        r"A compatible (?:installed )?\.NET (?:Core )?SDK for global\.json version \[(?P<want>[\d.]{1,16})\]",
    ),
    rule(
        "dotnet.runtime",
        "The .NET runtime that the app was built for is not installed",
        says(
            "the .NET runtime `{name}` {want} is not installed", Advice("install it, or publish the app self-contained")
        ),
        r"You must install or update \.NET to run this application[\s\S]{0,400}?Framework:"
        r" '(?P<name>[\w.]{1,60})', version '(?P<want>[\d.]{1,16})'",
    ),
    rule(
        "dotnet.nuget",
        "A NuGet package does not exist, or no version fits",
        says(
            "there is no NuGet package `{name}` that fits",
            Advice("correct its name or version in the project file: see https://www.nuget.org"),
        ),
        r"error NU110[1-3]: Unable to find (?:a stable )?package (?P<name>[\w-]{1,80}(?:\.[\w-]{1,60}){0,8})",
    ),
    rule(
        "dotnet.several",
        "There is no project to build, or more than one",
        says("the folder has no project, or more than one", Advice("choose the folder of one project with --dir")),
        r"error MSB1011|error MSB1003|MSB1003: Specify a project or solution file",
    ),
    rule(
        "dotnet.lock",
        "packages.lock.json does not fit the project",
        says(
            "packages.lock.json does not fit the project",
            Command(("dotnet", "restore", "--force-evaluate"), "Commit packages.lock.json."),
        ),
        r"error NU1004: ",
    ),
    rule(
        "dotnet.compile",
        ".NET code does not compile",
        lambda clue: _located(clue, "the code does not compile: `{what}`"),
        r"^\s{0,4}(?P<file>/?[\w./-]{1,200}\.(?:cs|fs|vb|razor|cshtml))\((?P<line>\d{1,6}),\d{1,6}\): error"
        r" (?P<what>(?:CS|FS|BC|RZ)\d{1,5}: [^\n]{1,160})",
    ),
)
