"""Every way in which a repository cannot be read, in one table: its code, what is said, and what to do."""

from collections.abc import Mapping

from devgem.domain.errors import SourceError

_CODES: Mapping[str, tuple[str, str]] = {
    # what was asked for
    "bad_source": (
        "{text!r} is no folder, git URL or owner/repo",
        "Give a folder (./app), a git URL (https://host/owner/repo) or owner/repo.",
    ),
    "bad_ref": (
        "{ref!r} cannot be the name of a branch, a tag or a commit",
        "Give a branch, a tag or a SHA with --ref.",
    ),
    "bad_dir": (
        "{dir!r} is not a folder inside the repository",
        "Give --dir as a path relative to its root, without '..'.",
    ),
    "unsupported_scheme": ("{scheme!r} addresses are not fetched", "Use an https:// or ssh:// address."),
    "insecure_url": ("{url} is not encrypted", "Use its https:// address."),
    "credentials_in_url": (
        "The address of {host} carries a user name or password",
        "Remove it (and revoke it if it was shared); for a private repository use its ssh:// address, "
        "or clone it and deploy the folder.",
    ),
    "local_source_refused": (
        "Folders and file:// addresses of this machine cannot be deployed from here",
        "Run `devgem deploy` on the machine itself, or give a git URL.",
    ),
    "ssh_refused": ("ssh addresses are switched off here", "Use the https:// address of the repository."),
    # the way there
    "host_not_found": ("There is no host {host!r}", "Check the address and the network's name service."),
    "private_address": (
        "{host} is at {address}, which is not a public address",
        "Use a public host, or allow private addresses in the settings if this server is yours.",
    ),
    "host_unreachable": ("{host} cannot be reached: {detail}", "Check the address and the network, then try again."),
    "host_busy": ("{host} answers {status}: it is busy or out of order", "Try again in a few minutes."),
    "redirected_elsewhere": ("{url} redirects to {target}, on another host", "Deploy that address if you trust it."),
    "too_many_redirects": ("{url} redirects more than {limit} times", "Use the repository's present address."),
    "ssh_host_unknown": (
        "The ssh key of {host} is not known on this machine",
        "Connect once by hand (`ssh git@{host}`) and confirm its key, or use the https:// address.",
    ),
    "ssh_denied": (
        "{host} did not accept this machine's ssh key",
        "Add the key to your account, or use the https:// address.",
    ),
    # the repository
    "repository_not_found": ("{url} does not exist", "Check the spelling; it may have been deleted or made private."),
    "repository_private": (
        "{url} does not exist or is private",
        "Check the spelling; for a private repository sign in with GitHub, use its ssh:// address, or clone it and "
        "deploy the folder.",
    ),
    "repository_blocked": ("{url} is blocked by its host for legal reasons", "Ask its owner for another address."),
    "not_a_repository": ("{url} is not a git repository", "Give the address that `git clone` takes."),
    "empty_repository": ("{url} has no files yet", "Push a first commit with files, then deploy again."),
    "no_default_branch": ("{url} has no default branch to deploy", "Name one with --ref: {branches}."),
    "no_such_ref": ("{url} has no branch, tag or commit {ref!r}", "Check the name, or leave --ref out."),
    "ambiguous_ref": ("{ref!r} is short for more than one commit of {url}", "Give more digits of the SHA."),
    "commit_unavailable": (
        "{url} does not hand out the commit {ref}",
        "Give a branch or tag that has it; it may have been removed by a force push.",
    ),
    "unsupported_format": (
        "{url} uses SHA-256 objects, which are not fetched yet",
        "Deploy a clone of it as a folder.",
    ),
    "corrupt_repository": ("{url} has damaged objects: {detail}", "Run `git fsck` in it and push the mended history."),
    # what is in it
    "too_large": ("{url} is larger than {limit}", "Remove large files from it, or raise the limit in the settings."),
    "too_many_files": ("{url} has more than {limit} files", "Remove generated files from it (.gitignore)."),
    "file_too_large": (
        "{path!r} is larger than {limit}",
        "Keep it outside the repository, for instance in object storage.",
    ),
    "too_slow": (
        "{url} could not be fetched within {limit} seconds",
        "Try again; if it is large, make it smaller or raise the limit in the settings.",
    ),
    "only_submodules": ("{url} has only submodules, which are not fetched", "Deploy one of them: {names}."),
    "lfs_pointers": (
        "{path!r} and {others} other files are Git LFS pointers, not the files themselves",
        "Take these files out of LFS (`git lfs migrate export`), or load them from elsewhere when the app starts.",
    ),
    "link_leaves_tree": (
        "{path!r} is a symbolic link to {target!r}, outside the repository",
        "Replace it by the file itself, or by a link inside the repository.",
    ),
    "too_many_links": (
        "{url} has more than {limit} symbolic links",
        "Replace them by the files themselves, or deploy a clone of it as a folder.",
    ),
    "unsafe_path": ("The repository has an unsafe file name: {detail}", "Rename it and deploy again."),
    "path_collision": (
        "{path!r} and {other!r} are one file on macOS and Windows",
        "Rename one of them; their names differ only in case or in how accents are written.",
    ),
    "no_such_dir": ("{url} has no folder {dir!r}", "Check --dir; it is relative to the repository's root."),
    # folders of this machine
    "folder_not_found": ("There is no folder {path}", "Check the path."),
    "not_a_folder": ("{path} is a file, not a folder", "Give the folder that holds it."),
    "unreadable": (
        "{path} cannot be read: {detail}",
        "Give DevGem's user the right to read it, or ignore it (.gitignore).",
    ),
    "empty_folder": ("{path} has no files to deploy", "Add the app's files; those that .gitignore names do not count."),
    "folder_changed": ("{path} has changed since this deployment began", "Deploy again."),
    # pushing
    "push_refused": (
        "{url} does not take the branch: {detail}",
        "See that you may push there; the edits are kept as a patch.",
    ),
    "branch_in_the_way": ("{url} has a branch {branch!r} already", "Remove that branch, or choose another title."),
    "not_committed": (
        "{path} was deployed as it was, with changes that are in no commit",
        "Commit them and deploy again, or take the edits as a patch.",
    ),
    "nothing_to_push": ("There are no edits to push to {url}", "Make an edit first."),
    "pull_request_refused": (
        "{url} does not open a pull request: {detail}",
        "The branch is pushed: open it there by hand, or see what the token may do.",
    ),
    # GitHub's API
    "github_not_found": (
        "GitHub has no {what}, or does not show it to you",
        "Check the spelling; it may have been renamed or deleted. If it is private, sign in with GitHub as somebody "
        "who can read it.",
    ),
    "github_token_refused": (
        "GitHub does not take your sign-in any more, asked for {what}",
        "Sign out, then sign in with GitHub again.",
    ),
    "github_needs_token": ("GitHub shows {what} only to who is signed in", "Sign in with GitHub."),
    "github_refused": ("GitHub refuses {what}: {detail}", "See what your sign-in may do there, then try again."),
    "github_garbled": (
        "GitHub's answer cannot be read ({detail})",
        "Try again in a few minutes; check DEVGEM_GITHUB_API_URL if it is set.",
    ),
    "github_redirects": ("{url} redirects without an end", "Use the repository's present address."),
    "github_too_much": ("GitHub's answer is longer than {limit}", "Name what you need more narrowly."),
    # this machine
    "git_missing": ("git is not installed", "Install it: `apt install git` or `xcode-select --install`."),
    "git_too_old": ("git {version} is too old to fetch safely", "Install git {needed} or newer."),
    "disk_full": ("The disk is full: there is no room for {url}", "Free some space, then try again."),
    "git_failed": ("git could not fetch {url}: {detail}", "Check that `git clone` works with this address."),
}

CODES = frozenset(_CODES)


def refusal(code: str, **facts: object) -> SourceError:
    """The error of the table's row `code`, its words filled in with `facts`."""
    message, fix = _CODES[code]
    return SourceError(message.format(**facts), fix=fix.format(**facts), code=code)


def size(number: int) -> str:
    """Bytes as people read them: 200 MiB."""
    units = ("bytes", "KiB", "MiB", "GiB", "TiB")
    rank = min(max(number.bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{number / (1 << 10 * rank):.3g} {units[rank]}"
