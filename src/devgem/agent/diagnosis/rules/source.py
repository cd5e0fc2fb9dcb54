"""What is wrong before anything is built: the repository cannot be read, or nothing says how to build it."""

import posixpath
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.diagnosis import Advice, Redeploy, Remedy, Retry
from devgem.agent.diagnosis.rule import Clue, Fill, Finding, Rule, rule, safe_name, says
from devgem.domain.deployment import Step

_FETCH = frozenset({Step.FETCH})
_PLAN = frozenset({Step.PLAN})
_FOLDERS_SHOWN = 5
_MANIFESTS = ("package.json", "requirements.txt", "pyproject.toml", "go.mod", "Gemfile", "composer.json", "Cargo.toml")


def _as_said(*remedies: Remedy) -> Fill:
    """The failure's own words, which name the repository and the path, with its own fix after these remedies."""

    def fill(clue: Clue) -> Finding:
        failure = clue.evidence.failure
        own = (Advice(failure.fix),) if failure.fix else ()
        return Finding(failure.cause, (*remedies, *own))

    return fill


def _folders(clue: Clue) -> Iterator[Remedy]:
    for candidate in clue.evidence.failure.candidates[:_FOLDERS_SHOWN]:
        folder = candidate.get("dir", "")
        if folder and not folder.startswith("-"):
            yield Redeploy(("--dir", folder), safe_name(candidate.get("summary", "")))


def _several(clue: Clue) -> Finding | None:
    folders = tuple(_folders(clue))
    return Finding(clue.evidence.failure.cause, folders) if folders else None


def _procfile(clue: Clue) -> Iterator[Remedy]:
    """A Procfile that starts the one program whose file says that it is one."""
    language = clue.evidence.language
    if clue.evidence.has("Procfile"):
        return
    python, node = clue.evidence.find("app.py", "main.py", "server.py"), clue.evidence.find("server.js", "index.js")
    if python and language in (None, "python"):
        name = python.rsplit("/", 1)[-1]
        yield edits.new_file(clue.evidence.here("Procfile"), f"web: python {name}\n", f"It starts {name}.")
    elif node and language in (None, "node"):
        name = node.rsplit("/", 1)[-1]
        yield edits.new_file(clue.evidence.here("Procfile"), f"web: node {name}\n", f"It starts {name}.")
    yield Advice("state the start command in a Procfile, as in `web: <command>`")


def _nothing_known(clue: Clue) -> Finding:
    folder = clue.evidence.dir
    parents = [folder.rpartition("/")[0] or "."] if folder != "." else []
    while parents and parents[-1] != ".":
        parents.append(parents[-1].rpartition("/")[0] or ".")
    for parent in parents:
        name = next(
            (name for name in _MANIFESTS if posixpath.normpath(f"{parent}/{name}") in clue.evidence.paths), None
        )
        if name:
            return Finding(
                f"nothing in `{folder}` says what it is: its {name} lies in the folder above, `{parent}`",
                (
                    Redeploy(("--dir", parent), f"And say in {parent}/Procfile which file to start."),
                    Advice(f"or give {folder} a {name} of its own"),
                ),
            )
    return Finding("nothing here is of a kind that DevGem knows", tuple(_procfile(clue)))


RULES: tuple[Rule, ...] = (
    rule(
        "source.not_readable",
        "The repository does not exist, is private, or its host refuses the login",
        _as_said(),
        codes="repository_not_found repository_private ssh_denied ssh_host_unknown repository_blocked not_a_repository",
        steps=_FETCH,
    ),
    rule(
        "source.no_such_ref",
        "The branch, tag or commit does not exist",
        _as_said(),
        codes="no_such_ref ambiguous_ref no_default_branch commit_unavailable bad_ref",
        steps=_FETCH,
    ),
    rule("source.no_such_dir", "The folder does not exist in the repository", _as_said(), codes="no_such_dir bad_dir"),
    rule(
        "source.lfs",
        "Files are Git LFS pointers in place of the files themselves",
        _as_said(),
        codes="lfs_pointers",
    ),
    rule(
        "source.lfs_in_build",
        "A file is a Git LFS pointer where the build or the app needs the file itself",
        says(
            "a file is a Git LFS pointer, not the file itself",
            Advice("take it out of LFS (`git lfs migrate export`), or load it from elsewhere when the app starts"),
        ),
        r"version https://git-lfs\.github\.com/spec/v1",
        r"(?:invalid load key, 'v'|Error downloading object: .{0,200}Smudge error|smudge filter lfs failed)",
        likely=True,
    ),
    rule(
        "source.submodules",
        "The repository has submodules, which are not fetched",
        _as_said(),
        codes="only_submodules",
    ),
    rule(
        "source.unreachable",
        "The repository's host cannot be reached, or is busy",
        _as_said(Retry("The host may answer by then.")),
        codes="host_unreachable host_not_found host_busy too_slow",
        steps=_FETCH,
    ),
    rule(
        "source.too_large",
        "The repository or one of its files is too large",
        _as_said(),
        codes="too_large file_too_large too_many_files",
    ),
    rule("source.empty", "The repository or folder has no files", _as_said(), codes="empty_repository empty_folder"),
    rule(
        "source.unsafe_files",
        "A file name or a link is not safe to unpack",
        _as_said(),
        codes="link_leaves_tree unsafe_path path_collision unusable_files",
    ),
    rule(
        "plan.several_apps",
        "The repository holds several apps, and none was chosen",
        _several,
        codes="unplannable",
        steps=_PLAN,
    ),
    rule(
        "plan.docker_only",
        "The only description is a Dockerfile, and this cloud runs no containers",
        _as_said(),
        about=r"apps here run without Docker",
        within="preflight",
    ),
    rule(
        "plan.library",
        "The repository is a library, a desktop or a phone app: nothing in it serves",
        _as_said(),
        about=r"(?i)\blibrar(?:y|ies)\b|desktop or phone|Android app|Ruby gem",
        within="unplannable",
    ),
    rule(
        "plan.no_start_command",
        "Nothing says how to start the app",
        says("nothing says how to start the app", _procfile),
        codes="no_start_command",
    ),
    rule(
        "plan.nothing_known",
        "Nothing in the repository is of a kind that DevGem knows",
        _nothing_known,
        about=r"^Nothing here is of a kind that DevGem knows",
        within="unplannable",
        likely=True,
    ),
    rule(
        "plan.unplannable",
        "What the repository states cannot be planned",
        _as_said(),
        codes="unplannable",
    ),
    rule(
        "plan.missing_toolchain",
        "The machine has no toolchain, or not the version that the app asks for",
        _as_said(),
        unless=r"rustup could not choose",
        codes="preflight missing_toolchain missing_node missing_python missing_bun missing_deno missing_pnpm"
        " missing_yarn missing_poetry missing_pdm missing_pipenv missing_uv",
    ),
)
