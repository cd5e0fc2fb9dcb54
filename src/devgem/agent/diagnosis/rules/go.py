"""Go: modules, versions and the compiler."""

from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says

_TIDY = Command(("go", "mod", "tidy"), "Commit go.mod and go.sum.")


def _compile(clue: Clue) -> Finding:
    where = f" in `{clue.quote.file}`, line {clue['line']}" if clue.quote.file else ""
    return Finding(
        clue.fill("the Go code does not compile: `{what}`") + where, (Advice("mend the line that the log names"),)
    )


def _embedded(clue: Clue) -> Iterator[Remedy]:
    yield Advice("let the build make those files before `go build` runs (`build` in devgem.toml), or commit them")


def _older_directive(clue: Clue) -> Iterator[Remedy]:
    yield Command(
        ("devgem", "doctor"), "Install a newer Go from https://go.dev/dl and put it first on PATH.", "machine"
    )
    path = clue.evidence.find("go.mod")
    parts = clue["want"].split(".")
    if path and len(parts) == 3 and clue["form"]:
        pattern = rf"^go[ \t]{{1,4}}{parts[0]}\.{parts[1]}\.{parts[2]}[ \t]{{0,4}}$"
        new = f"go {parts[0]}.{parts[1]}"
        diff = edits.substituted(path, clue.evidence.files[path], pattern, new, "The form that older Gos read.")
        yield from (diff,) if diff else ()


RULES: tuple[Rule, ...] = (
    rule(
        "go.sum_missing",
        "go.sum lacks an entry",
        says("go.sum has no entry for `{name}`", _TIDY),
        r"missing go\.sum entry for (?:module providing package |go\.mod file; to add it"
        r"|\S{0,1})(?P<name>[\w./@-]{0,160})",
    ),
    rule(
        "go.mod_stale",
        "go.mod does not fit the code",
        says("go.mod does not fit the code", _TIDY),
        r"updates to go\.mod needed",
    ),
    rule(
        "go.vendor_stale",
        "The vendor folder does not fit go.mod",
        says("the vendor folder does not fit go.mod", Command(("go", "mod", "vendor"), "Commit the vendor folder.")),
        r"inconsistent vendoring in",
    ),
    rule(
        "go.version",
        "go.mod asks for a newer Go",
        says("go.mod asks for Go {want}, which is newer than what is installed", _older_directive),
        r"invalid go version '(?P<want>[\d.]{1,12})'(?P<form>: must match format)",
        r"requires go >= ?(?P<want>[\d.]{1,12}) \(running go",
        r"note: module requires Go (?P<want>[\d.]{1,12})",
        r"go\.mod asks for Go (?P<want>[\d.]{1,12})",
    ),
    rule(
        "go.newer_library",
        "The code uses a package of a newer Go",
        says(
            "the code uses `{name}` of a newer Go than is installed",
            Advice("install a newer Go from https://go.dev/dl"),
        ),
        r"package (?P<name>slices|maps|cmp|iter|unique|log/slog|math/rand/v2|testing/synctest) is not in"
        r" (?:GOROOT|std)",
    ),
    rule(
        "go.private_module",
        "A Go module lies in a private repository",
        says(
            "the Go module `{name}` lies in a repository that wants a login",
            Advice("vendor it (`go mod vendor`) and commit the vendor folder, or make it public"),
        ),
        r"(?P<name>[\w.-]{1,60}\.[a-z]{2,10}/[\w./@-]{1,120}): (?:[^\n]{0,80}: )?(?:git \S{1,20}|invalid"
        r" version: git)[^\n]{1,300}\n"
        r"(?:[^\n]{0,300}\n){0,4}?[^\n]{0,200}(?:terminal prompts disabled|Authentication failed|Permission"
        r" denied \(publickey)",
    ),
    rule(
        "go.no_module",
        "A Go import is in no module of go.mod",
        says("the Go package `{name}` is in no module that go.mod names", Command(("go", "get", "{name}")), _TIDY),
        r"no required module provides package (?P<name>[^\s;:]{1,160})",
        r"cannot find module providing package (?P<name>[^\s;:]{1,160})",
        r"package (?P<name>[\w.-]{1,60}\.[a-z]{2,10}/\S{1,120}) is not in (?:GOROOT|std)",
    ),
    rule(
        "go.no_go_mod",
        "There is no go.mod",
        says(
            "there is no go.mod where the build runs",
            Command(("go", "mod", "init", "example.com/{app}")),
            Advice("or choose the folder that has it, with --dir"),
        ),
        r"go: cannot find main module|go\.mod file not found in current directory",
        r"does not contain main module or its selected",
    ),
    rule(
        "go.no_main",
        "The folder has no main package",
        says(
            "the folder that is built has no main package",
            Advice("choose the folder of the command with --dir, as in --dir cmd/server"),
        ),
        r"is not a main package|no Go files in |function main is undeclared in the main package",
    ),
    rule(
        "go.embed",
        "Files to be embedded are not there",
        says("the code embeds `{name}`, and there are no such files", _embedded),
        r"pattern (?P<name>\S{1,120}): no matching files found",
    ),
    rule(
        "go.cgo",
        "cgo finds no C compiler",
        says(
            "a Go package uses C code, and there is no C compiler",
            Command(("apt-get", "install", "build-essential"), place="machine"),
        ),
        r"cgo: C compiler \"[^\"\n]{1,40}\" not found|exec: \"(?:gcc|cc)\": executable file not found",
    ),
    rule(
        "go.checksum",
        "A Go module is not the one that go.sum means",
        says(
            "`{name}` is not the module that go.sum means",
            Advice("beware: it may have been tampered with; if its tag was moved, run `go mod tidy` anew"),
        ),
        r"verifying (?P<name>[\w./@+-]{1,160}): checksum mismatch",
    ),
    rule(
        "go.compile",
        "Go code does not compile",
        _compile,
        r"^(?:vet: )?(?P<file>(?:\./)?[\w./-]{1,200}\.go):(?P<line>\d{1,6}):\d{1,6}: (?P<what>[^\n]{1,200})",
    ),
)
