"""The system below: libraries, headers, compilers, files and rights."""

from collections.abc import Iterator

from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.names import DEBIAN_HEADERS, DEBIAN_LIBRARIES, DEBIAN_LINKED
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, repository_path, rule, says


def _apt(package: str | None, what: str) -> tuple[Remedy, ...]:
    if package:
        return (Command(("apt-get", "install", package), place="machine"),)
    return (Advice(f"install the Debian package that has {what} on the machine (`apt-file search` finds it)"),)


def _header(clue: Clue) -> Finding:
    name = clue["name"]
    return Finding(f"the header `{name}` of a C library is not installed", _apt(DEBIAN_HEADERS.get(name), name))


def _linked(clue: Clue) -> Finding:
    name = clue["name"]
    return Finding(f"the C library `{name}` is not installed", _apt(DEBIAN_LINKED.get(name), f"lib{name}"))


def _shared(clue: Clue) -> Finding:
    name = clue["name"]
    package = DEBIAN_LIBRARIES.get(name.partition(".so")[0])
    remedies = list(_apt(package, name))
    if name.startswith("libGL"):
        remedies.insert(0, Advice("take opencv-python-headless in place of opencv-python: it needs no screen"))
    return Finding(f"the system library `{name}` is not installed on this machine", tuple(remedies))


def _missing_file(clue: Clue) -> Finding:
    name = clue["name"]
    path = repository_path(name, clue.evidence.dir)
    alike = [p for p in clue.evidence.paths if path and p.lower() == path.lower() and p != path]
    if alike:
        return Finding(
            f"`{name}` is opened, and the file is called `{alike[0]}`",
            (Advice("Linux tells upper from lower case: use one spelling"),),
        )
    if path and path in clue.evidence.paths:
        return Finding(
            f"`{name}` is in the repository, but not where it is looked for",
            (Advice("open it by a path that is made from the code's own place, not from the working directory"),),
            "likely",
        )
    return Finding(f"the file `{name}` is not there", (Advice("commit it (see .gitignore), or let the build make it"),))


def _writable(clue: Clue) -> Iterator[Remedy]:
    yield Advice("let the app write to its own folder or to /tmp, and keep what must last in a database")


RULES: tuple[Rule, ...] = (
    rule(
        "system.shared_library",
        "A system library is not installed",
        _shared,
        r"(?P<name>lib[\w.+-]{1,60}\.so[\w.]{0,12}): cannot open shared object",
    ),
    rule(
        "system.glibc",
        "A program was built for a newer system",
        says(
            "a program was built for a newer system ({what})",
            Advice("build it during the deployment in place of committing it"),
        ),
        r"version `(?P<what>GLIBC\w{0,3}_[\d.]{1,12})' not found",
    ),
    rule(
        "system.header",
        "A C library's headers are not installed",
        _header,
        r"fatal error: (?P<name>[\w./+-]{1,100}\.h|vips/vips8): No such file",
        r"cannot open source file \"(?P<name>[\w./+-]{1,100}\.h)\"",
    ),
    rule("system.linked_library", "A C library is not installed", _linked, r"cannot find -l(?P<name>[\w+-]{1,60})"),
    rule(
        "system.pkg_config",
        "pkg-config does not find a library",
        says(
            "pkg-config does not find the library `{name}`",
            Advice("install the Debian package that brings {name}.pc (`apt-file search {name}.pc`)"),
        ),
        r"Package '?(?P<name>[\w.+-]{1,60})'?,? (?:was not found in the pkg-config search path|required by"
        r" 'virtual:world', not found)",
        r"No package '(?P<name>[\w.+-]{1,60})' found",
        r"Dependency \"?(?P<name>[\w.+-]{1,60})\"? not found, tried pkgconfig",
    ),
    rule(
        "system.no_compiler",
        "There is no C compiler",
        says(
            "a package is compiled here, and there is no C compiler",
            Command(("apt-get", "install", "build-essential"), place="machine"),
        ),
        r"command '?\S{0,60}(?:gcc|g\+\+|cc|clang)'? failed: No such file|no acceptable C compiler|Unknown"
        r" compiler\(s\)|C compiler cannot create executables",
        r"(?:gcc|g\+\+|make|cc|cmake): (?:command )?not found|not found: make\b|CMake must be installed to"
        r" build|No CMAKE_C\w{0,3}_COMPILER could be found",
    ),
    rule(
        "system.exec_format",
        "A program is for another kind of machine",
        says(
            "a program is for another kind of machine, or a script lacks its first line (#!)",
            Advice("build it during the deployment in place of committing it"),
        ),
        r"[Ee]xec format error|cannot execute binary file",
    ),
    rule(
        "system.crlf",
        "A script has the line ends of Windows",
        says(
            "a script has the line ends of Windows",
            Advice(
                "commit it with Unix line ends: `*.sh text eol=lf` in .gitattributes, then `git add --renormalize .`"
            ),
        ),
        r"bad interpreter: (?:\S{1,60}\^M|No such file)|env: [‘'\"]?(?:bash|sh|python3?|node|ruby)(?:\\r|"
        r" )['’\"]?: No such file|\$'\\r': command not found",
    ),
    rule(
        "system.not_executable",
        "A file that is to be run is not executable",
        says("`{name}` is not executable", Command(("git", "update-index", "--chmod=+x", "{name}"))),
        r"(?:sh|bash): (?:line )?\d{1,4}: (?:exec: )?(?:\./)?(?P<name>[\w./-]{1,120}): Permission denied",
        r"cannot start '(?:\./)?(?P<name>[^'\n]{1,120})': Permission denied",
    ),
    rule(
        "system.read_only",
        "The app writes where it may not",
        says("it writes to `{name}`, and may write only to its own folder and /tmp", _writable),
        r"Read-only file system:? '?(?P<name>[^'\n]{0,160})",
        r"EROFS: read-only file system, \w{1,20} '(?P<name>[^'\n]{1,160})'",
        r"(?P<name>attempt to write a readonly database|unable to open database file)",
    ),
    rule(
        "system.permission",
        "The app may not open a file",
        says("it may not open `{name}`", _writable),
        r"(?:EACCES: permission denied, \w{1,20}|PermissionError: \[Errno 13\] Permission denied:)"
        r" '(?P<name>[^'\n]{1,160})'",
        r"(?:EPERM: operation not permitted, \w{1,20}) '(?P<name>[^'\n]{1,160})'",
        r"Permission denied @ \w{1,40} - (?P<name>[^\s)]{1,160})",
        r"open (?P<name>/[^\s:]{1,160}): permission denied",
    ),
    rule(
        "system.missing_file",
        "A file is not there",
        _missing_file,
        r"FileNotFoundError: \[Errno 2\] No such file or directory: '(?P<name>[^'\n]{1,160})'",
        r"ENOENT: no such file or directory, \w{1,20} '(?P<name>[^'\n]{1,160})'",
        r"No such file or directory @ \w{1,40} - (?P<name>[^\s)]{1,160})",
        r"open (?P<name>[\w./-]{1,160}): no such file or directory",
        r"can't open file '(?P<name>[^'\n]{1,160})'",
        r"File not found: `(?P<name>[^`\n]{1,160})`",
        last=True,
    ),
    rule(
        "system.command_missing",
        "A command is not installed",
        says(
            "it runs `{name}`, which is not installed",
            Advice("add what provides it to the app's dependencies, or install it on the machine"),
        ),
        r"(?:sh|bash|/bin/sh): (?:line )?\d{1,4}: (?:exec: )?(?P<name>[\w.+/-]{1,60}): (?:command )?not found",
        r"cannot start '(?P<name>[^'\n]{1,80})': No such file|failed to execute (?P<name2>[\w.+/-]{1,60}): No"
        r" such file",
        r"spawn (?P<name>[\w./-]{1,60}) ENOENT|exec: \"(?P<name2>[^\"\n]{1,60})\": executable file not found",
    ),
    rule(
        "system.segfault",
        "A program crashed",
        says(
            "a program crashed (signal 11): most often a native library that does not fit",
            Advice("pin the native packages to versions that are made for this system"),
            likely=True,
        ),
        r"[Ss]egmentation fault|SIGSEGV|signal 11\b",
        codes="crashed",
        unless=r"^panic: ",
    ),
)
