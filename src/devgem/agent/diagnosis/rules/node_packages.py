"""Node's packages: lock files, versions, registries, native addons."""

import re
from collections.abc import Iterator
from dataclasses import replace

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_node, install_node, node_requires
from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar, Remedy, Retry
from devgem.agent.diagnosis.names import NODE_TOOLS
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, safe_name, says
from devgem.agent.diagnosis.versions import pin_node

_NODE = "node bun deno"
_REFUSED_BY = re.compile(r"\b40[13]\b[^\n]{0,80}?https?://([\w.-]{1,100})/")
_ENGINE = re.compile(r"(?:Required|wanted): \{[^\n]{0,40}\"node\":\"([^\"\n]{1,60})")


def _relock(clue: Clue) -> Iterator[Remedy]:
    yield install_node(clue.evidence)


def _locked_by(*argv: str) -> Command:
    return Command(argv, "It makes the lock file fit.")


def _legacy_peers(clue: Clue) -> Iterator[Remedy]:
    yield Advice("align the versions that the log names: one package asks for another major version of its peer")
    path = clue.evidence.find(".npmrc")
    line = "legacy-peer-deps=true"
    why = "npm then installs in spite of it, as npm 6 did."
    text = clue.evidence.files[path] if path else ""
    if line not in text and clue.evidence.package_manager in (None, "npm"):
        diff = edits.appended(path or clue.evidence.here(".npmrc"), text, line, why)
        yield from (diff,) if diff else ()


def _older_openssl(clue: Clue) -> Iterator[Remedy]:
    yield Advice("take webpack 5 (react-scripts 5, Vue CLI 5)")
    yield ConfigVar(
        ("NODE_OPTIONS",),
        "Or let Node accept the old ciphers.",
        build=True,
        values=(("NODE_OPTIONS", "--openssl-legacy-provider"),),
    )


def _engine(clue: Clue) -> Finding:
    """What the log asks for may stand on a line of its own."""
    places = _ENGINE.finditer(clue.said.text)
    want = clue["want"] or next((place[1] for place in places), "")
    named = f": `{safe_name(want)}`" if want else ""
    remedies = pin_node(replace(clue, names={**clue.names, "want": want}))
    return Finding(f"it asks for another version of Node than this build has{named}", tuple(remedies))


def _addon(clue: Clue) -> Iterator[Remedy]:
    yield Advice("take a newer release of the package: it has binaries for this Node")
    yield Advice("or state in .nvmrc the Node that it was made for")
    yield Command(("apt-get", "install", "build-essential", "python3"), place="machine")


def _lost_binary(clue: Clue) -> Iterator[Remedy]:
    if clue.evidence.package_manager in (None, "npm"):
        yield Command(("npm", "install", "--package-lock-only", "--os=linux", "--cpu=x64"), "It adds what Linux needs.")
    yield Advice("or delete node_modules and the lock file, install anew, and commit the new lock file")


def _tool_missing(clue: Clue) -> Finding | None:
    """A command of a package: one that the manifest does not name, or one that was not installed."""
    tool = clue["name"]
    package = NODE_TOOLS.get(tool)
    if not package:
        return None
    manifest = clue.evidence.find("package.json")
    section = node_requires(clue.evidence.files[manifest], package) if manifest else None
    if section == "devDependencies":
        return Finding(
            f"`{tool}` is among the devDependencies, which are not installed where NODE_ENV is production",
            (
                Command(("npm", "install", "--save-prod", package), "It makes it a dependency."),
                ConfigVar(("NPM_CONFIG_PRODUCTION",), build=True, values=(("NPM_CONFIG_PRODUCTION", "false"),)),
            ),
            "likely",
        )
    if section:
        return Finding(
            f"`{tool}` is named in package.json and was not installed", (install_node(clue.evidence),), "likely"
        )
    what = "and package.json does not name its package" if manifest else "which is not installed"
    return Finding(
        f"a script calls `{tool}`, {what}",
        tuple(add_node(clue.evidence, package, dev=clue.evidence.step == "build")),
    )


def _npmrc(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find(".npmrc")
    place = _REFUSED_BY.search(clue.said.text)
    host = place[1] if place else "registry.npmjs.org"
    line = f"//{host}/:_authToken=${{NPM_TOKEN}}"
    text = clue.evidence.files[path] if path else ""
    if "_authToken" not in text:
        diff = edits.appended(
            path or clue.evidence.here(".npmrc"), text, line, "npm reads the token from the variable."
        )
        yield from (diff,) if diff else ()


def _prepare(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("package.json")
    tool = clue["name"]
    if path and (
        diff := edits.json_member(
            path, clue.evidence.files[path], ("scripts", "prepare"), f"{tool} || true", "It then fails for nobody."
        )
    ):
        yield diff
    else:
        yield Advice(f'let "prepare" in package.json be `{tool} || true`')


RULES: tuple[Rule, ...] = (
    rule(
        "node.lock_stale",
        "package-lock.json does not fit package.json",
        says("the npm lock file does not fit package.json", _locked_by("npm", "install")),
        r"`npm ci` can only install packages when your package\.json and (?:package-lock|npm-shrinkwrap)\.json",
        r"npm (?:error|ERR!) (?:Missing|Invalid): .{1,200} (?:from|does not satisfy)",
    ),
    rule(
        "node.lock_missing",
        "npm ci finds no package-lock.json",
        says("`npm ci` finds no package-lock.json", _locked_by("npm", "install")),
        r"`npm ci` command can only install with an existing package-lock\.json",
    ),
    rule(
        "node.pnpm_lock",
        "pnpm-lock.yaml is missing or does not fit package.json",
        says("pnpm-lock.yaml does not fit package.json", _locked_by("pnpm", "install")),
        r"ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH|ERR_PNPM_FROZEN_LOCKFILE_WITH_OUTDATED_LOCKFILE",
        r"ERR_PNPM_NO_LOCKFILE|ERR_PNPM_LOCKFILE_BREAKING_CHANGE",
    ),
    rule(
        "node.yarn_lock",
        "yarn.lock does not fit package.json",
        says("yarn.lock does not fit package.json", _locked_by("yarn", "install")),
        r"Your lockfile needs to be updated, but yarn was run with|YN0028",
    ),
    rule(
        "node.bun_lock",
        "Bun's lock file does not fit package.json",
        says("Bun's lock file does not fit package.json", _locked_by("bun", "install")),
        r"lockfile had changes, but lockfile is frozen",
    ),
    rule(
        "node.deno_lock",
        "deno.lock does not fit what the code imports",
        says("deno.lock does not fit what the code imports", _locked_by("deno", "install", "--frozen=false")),
        r"The lockfile is out of date\. Run `deno install",
    ),
    rule(
        "node.integrity",
        "A downloaded package is not the one that the lock file means",
        says(
            "a downloaded package is not the one that the lock file means",
            Advice("if it was published anew, make the lock file anew; if not, beware: it may have been tampered with"),
        ),
        r"code EINTEGRITY|ERR_PNPM_TARBALL_INTEGRITY|[Ii]ntegrity check failed",
    ),
    rule(
        "node.openssl",
        "webpack is too old for Node 17 and newer",
        says("this webpack is too old for Node 17 and newer", _older_openssl),
        r"ERR_OSSL_EVP_UNSUPPORTED|digital envelope routines::unsupported",
    ),
    rule(
        "node.engine",
        "A package asks for another version of Node",
        _engine,
        r'The engine "node" is incompatible with this module\. Expected version "(?P<want>[^"\n]{1,80})"',
        r'You are using Node\.js [\d.]{1,12}\. For \S{1,40}, Node\.js version "?(?P<want>[^"\n]{1,60})"? is required',
        r"requires (?:a minimum )?Node\.?js version (?P<want>[^\s,]{1,20}(?: or [^\s,]{1,20}| \|\| \S{1,20}){0,2})",
        r"npm (?:error|ERR!) notsup Required: \{.{0,40}\"node\":\"(?P<want>[^\"\n]{1,60})",
        r"Expected version: (?P<want>[^\n]{1,60})\n(?:[^\n]{0,200}\n){0,2}?Got: v?\d",
        r"npm (?:error|ERR!) code EBADENGINE|ERR_PNPM_UNSUPPORTED_ENGINE",
        r"Your Node version is incompatible with \S{1,60}\. Expected (?P<want>[^\n]{1,40})",
        unless=r"npm (?:error|ERR!) code (?!EBADENGINE)E",
    ),
    rule(
        "node.peers",
        "Packages ask for peers that contradict each other",
        says("packages ask for peers that contradict each other: `{what}`", _legacy_peers),
        r"npm (?:error|ERR!) (?:peer|Conflicting peer dependency:) (?P<what>[^\n]{1,160})",
        r"(?P<what>npm (?:error|ERR!) code ERESOLVE|ERR_PNPM_PEER_DEP_ISSUES)",
    ),
    rule(
        "node.private_package",
        "The npm registry wants a login",
        says(
            "the registry wants a login for a package",
            ConfigVar(("NPM_TOKEN",), "A token that may read the package.", build=True),
            _npmrc,
        ),
        r"npm (?:error|ERR!) code E40[13]|ERR_PNPM_FETCH_40[13]|YN0041|error .{0,200}Request failed \"40[13]",
        r"Unable to authenticate, (?:need|your authentication token)",
    ),
    rule(
        "node.no_such_package",
        "The npm registry has no such package, or does not show it",
        says(
            "the registry has no package `{name}`, or does not show it without a login",
            Advice(
                "correct its name in package.json; for a private one set a token for the build and use it in .npmrc"
            ),
        ),
        r"npm (?:error|ERR!) 404\s{1,4}'?(?:The requested resource"
        r" )?'(?P<name>(?:@[\w.-]{1,80}/)?[\w.-]{1,80})@?[^'\n]{0,60}' (?:could not be found|is not in)",
        r"(?:404 Not Found - GET|ERR_PNPM_FETCH_404\S{0,4}\s{1,4}GET) https?://[^\s/]{1,100}/(?P<name>(?:(?:@"
        r"|%40)[\w.-]{1,80}(?:/|%2[fF]))?[\w.-]{1,80})",
        r"Couldn't find package \"(?P<name>[^\"\n]{1,100})\"",
        r"the registry has no package (?P<name>[\w@/.-]{1,100})",
    ),
    rule(
        "node.no_such_version",
        "The npm registry has no release that fits",
        says(
            "no release of `{name}` fits what package.json asks for",
            Advice("ask for a release that exists: see https://www.npmjs.com"),
        ),
        r"No matching version found for (?P<name>\S{1,100}?)\.?(?:\s|$)",
        r"Couldn't find any versions for \"(?P<name>[^\"\n]{1,100})\"",
        r"(?P<name>ERR_PNPM_NO_MATCHING_VERSION)",
    ),
    rule(
        "node.workspace_protocol",
        "npm installs what only pnpm, Yarn or Bun can: a workspace: dependency",
        says(
            "package.json uses `workspace:`, which npm does not know",
            Advice(
                "commit pnpm-lock.yaml or yarn.lock, from which DevGem sees what installs it, and deploy from the"
                " workspace's root"
            ),
        ),
        r"Unsupported URL Type \"workspace:",
    ),
    rule(
        "node.bad_package_json",
        "package.json cannot be read",
        says(
            "package.json is no valid JSON: `{what}`",
            Advice("mend it at the place that the log names (a comma too many, a comment)"),
        ),
        r"npm (?:error|ERR!) JSON\.parse (?P<what>(?!Failed to parse|Note)[^\n]{1,160})",
        r"(?P<what>npm (?:error|ERR!) code EJSONPARSE)|ERR_PNPM_JSON_PARSE (?P<what2>[^\n]{1,160})",
        r"(?P<what>Unexpected token[^\n]{1,60}package\.json[^\n]{0,60})",
    ),
    rule(
        "node.lost_binary",
        "The lock file was made on another system, and lacks a binary for Linux",
        says("`{name}` is missing: the lock file was made on another system", _lost_binary),
        r"Cannot find module '?(?P<name>@(?:rollup/rollup|esbuild|swc/core|next/swc|parcel/watcher"
        r"|tailwindcss/oxide|img/sharp|"
        r"biomejs/cli|oxc-\w{1,20}/binding|rolldown/binding)-[\w-]{1,60})",
        r"Cannot find module '\.\./(?P<name>lightningcss\.linux-x64-gnu\.node)'",
        r"You installed (?P<name>esbuild) for another platform",
        r"Could not load the \"(?P<name>sharp)\" module using the linux",
    ),
    rule(
        "node.abi",
        "A native addon was built for another version of Node",
        says(
            "a native addon was built for another version of Node",
            Advice("do not commit node_modules: DevGem installs it for the Node that runs"),
            Command(("git", "rm", "-r", "--cached", "node_modules")),
        ),
        r"compiled against a different Node\.js version",
    ),
    rule(
        "node.gyp_python",
        "node-gyp finds no Python",
        says(
            "a native addon is built, and node-gyp finds no Python",
            Command(("apt-get", "install", "python3", "build-essential"), place="machine"),
        ),
        r"gyp ERR! find Python.{0,40}(?:not (?:set|found)|You need)|gyp ERR! stack Error: Could not find any Python",
    ),
    rule(
        "node.gyp",
        "A native addon does not build",
        says("a native addon does not build (node-gyp)", _addon),
        r"gyp ERR! (?:build error|stack Error: `make` failed|stack Error: not found: make)|node-pre-gyp ERR!"
        r" build error",
        r"Error: Could not locate the bindings file",
    ),
    rule(
        "node.ignored_builds",
        "pnpm did not run a package's own build",
        says(
            "pnpm did not run the builds of some packages",
            Command(("pnpm", "approve-builds"), "It lists them in package.json."),
        ),
        r"ERR_PNPM_IGNORED_BUILDS|Ignored build scripts: ",
        within="command_failed native_build exited",
        likely=True,
    ),
    rule(
        "node.postinstall_download",
        "A package's install script could not download its binary",
        says(
            "an install script could not download what it needs from `{host}`",
            Retry("If that host was only busy."),
            Advice("take a package that brings its binary along, or allow this machine to reach the host"),
        ),
        r"(?:prebuild-install|node-pre-gyp|install)\b.{0,60}(?:ENOTFOUND|EAI_AGAIN|ECONNRESET|ETIMEDOUT)"
        r" ?(?P<host>[\w.-]{0,100})",
        r"npm (?:error|ERR!) .{0,60}(?:RequestError|FetchError|Error): (?:getaddrinfo|request to)"
        r" .{0,60}?(?P<host>[\w-]{1,60}\.(?:com|org|net|io|dev))",
        unless=r"npm (?:error|ERR!) code (?:ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNRESET)",
    ),
    rule(
        "node.husky",
        "The prepare script runs husky where it is not installed",
        says(
            "the prepare script runs `{name}`, which only developers need",
            _prepare,
        ),
        r"sh: \d{1,4}: (?P<name>husky|lefthook|simple-git-hooks|is-ci): not found",
    ),
    rule(
        "node.tool_missing",
        "A script calls a tool that is not installed",
        _tool_missing,
        r"(?:sh|bash|/bin/sh): (?:line )?\d{1,4}: (?:exec: )?(?P<name>[\w.-]{1,40}): (?:command )?not found",
        r"(?:cannot start|failed to execute) '?(?P<name>[\w.-]{1,40})'?: No such file",
        r"'(?P<name>[\w.-]{1,40})' is not recognized as an internal or external command",
        r"spawn (?P<name>[\w.-]{1,40}) ENOENT",
        stacks=_NODE,
    ),
    rule(
        "node.postinstall",
        "A package's install script, or the app's own, failed",
        says(
            "an install script failed: `{what}`",
            Advice(
                'see the lines above it; a postinstall of the app\'s own belongs into "build" when it needs the built'
                " code"
            ),
            likely=True,
        ),
        r"npm (?:error|ERR!) command (?:sh|bash) -c (?P<what>(?!vite|next|tsc)[^\n]{1,160})",
        r"ERR_PNPM_\w{1,30}\s{1,4}(?P<what>[^\n]{1,80} (?:postinstall|preinstall|install|prepare): [^\n]{1,80})",
        r"error: (?P<what>(?:postinstall|install|prepare) script from \"[^\"\n]{1,80}\" exited with \d{1,3})",
        unless=r"gyp ERR!",
    ),
)
