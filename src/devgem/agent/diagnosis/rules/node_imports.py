"""Node's imports: what they lead to, and how they are read."""

import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_node, node_requires
from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.names import NODE_BUILTINS
from devgem.agent.diagnosis.rule import RUN, Clue, Finding, Rule, repository_path, rule, says

_EXTENSIONS = (".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".json", ".css", ".scss", "")


def _unresolved(clue: Clue) -> Finding | None:
    """An import that leads nowhere: a file whose name differs in case, a file that is missing, or a package."""
    name = clue["name"]
    if name.startswith((".", "/", "@/", "~/", "#", "src/")):
        return _missing_file(clue, name)
    package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
    bare = package.removeprefix("node:")
    if bare in NODE_BUILTINS:
        return Finding(f"code for the browser imports `{bare}`, which only Node has", _no_builtin(bare), "likely")
    manifest = clue.evidence.find("package.json")
    section = node_requires(clue.evidence.files[manifest], package) if manifest else None
    if section == "devDependencies" and clue.evidence.step in RUN:
        return Finding(
            f"`{package}` is needed when the app runs, and is only among the devDependencies",
            (Command(("npm", "install", "--save-prod", package)),),
        )
    if section:
        return Finding(
            f"`{package}` is named in package.json, but `{name}` was not found in what was installed",
            (Advice(f"see whether the installed version of {package} has it, and commit a lock file that fits"),),
            "likely",
        )
    cause = f"the package `{package}` is not {'in package.json' if manifest else 'installed'}"
    return Finding(cause, tuple(add_node(clue.evidence, package)))


def _no_builtin(name: str) -> tuple[Remedy, ...]:
    return (
        Advice(f"keep what uses {name} out of the browser's code (a route, a server component), or add a polyfill"),
    )


def _missing_file(clue: Clue, name: str) -> Finding:
    importer = repository_path(clue["file"], clue.evidence.dir) if clue["file"] else None
    wanted = name.removeprefix("@/").removeprefix("~/").removeprefix("src/").removeprefix("/app/").lstrip("./")
    for path in clue.evidence.paths:
        for extension in _EXTENSIONS:
            if _ends_alike(path, wanted + extension) and not f"/{path}".endswith(f"/{wanted}{extension}"):
                right = path[len(path) - len(wanted + extension) :].removesuffix(extension)
                return Finding(
                    f"`{name}` is imported, and the file is called `{path}`: Linux tells upper from lower case",
                    tuple(_case_mended(clue, importer, name, right))
                    or (Advice(f"import it as it is written, {right}"),),
                )
    return Finding(
        f"`{name}` is imported, and there is no such file",
        (Advice("commit it (see .gitignore), let the build make it, or correct the import"),),
    )


def _ends_alike(path: str, end: str) -> bool:
    return f"/{path}".lower().endswith(f"/{end}".lower())


def _case_mended(clue: Clue, importer: str | None, name: str, right: str) -> Iterator[Remedy]:
    start = len(name) - len(right)
    path = importer or clue.quote.file
    if start < 0 or not path or path not in clue.evidence.files:
        return
    pattern = rf"(?<=['\"]){re.escape(name)}(?=['\"])"
    if diff := edits.substituted(path, clue.evidence.files[path], pattern, name[:start] + right):
        yield diff


def _module_type(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("package.json")
    if path and '"type"' not in clue.evidence.files[path]:
        diff = edits.json_member(
            path, clue.evidence.files[path], ("type",), "module", "Node then reads .js files as ES modules."
        )
        if diff:
            yield diff
            return
    yield Advice('set "type" to "module" in package.json, or name the file .mjs')


def _no_module_type(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("package.json")
    if path:
        diff = edits.substituted(
            path, clue.evidence.files[path], r'("type"\s{0,4}:\s{0,4})"module"', r'"type": "commonjs"'
        )
        if diff:
            yield diff
    yield Advice("or name the file .cjs, or use `import` in place of `require`")


RULES: tuple[Rule, ...] = (
    rule(
        "node.esm_required",
        "A CommonJS file loads an ES module, or the other way round",
        says(
            "code that is CommonJS loads an ES module with require",
            Advice("import it, or take the package's last CommonJS release"),
            Advice("or state Node 22 in .nvmrc: it can load ES modules with require"),
        ),
        r"ERR_REQUIRE_ESM|Error \[ERR_REQUIRE_ESM\]|Must use import to load ES Module",
    ),
    rule(
        "node.import_in_commonjs",
        "An ES module is read as CommonJS",
        says("the code uses `import`, and Node reads it as CommonJS", _module_type),
        r"SyntaxError: Cannot use import statement outside a module|SyntaxError: Unexpected token 'export'",
        r"Warning: To load an ES module, set \"type\": \"module\"",
    ),
    rule(
        "node.require_in_module",
        "A CommonJS file is read as an ES module",
        says("the code uses `{name}`, and Node reads it as an ES module", _no_module_type),
        r"ReferenceError: (?P<name>require|module|exports|__dirname|__filename) is not defined in ES module scope",
    ),
    rule(
        "node.module_extension",
        "An ES module imports a file without its extension",
        says(
            "an import lacks the file's extension: `{name}`",
            Advice("write it, as in './{name}.js', or let TypeScript's build bundle the code"),
        ),
        r"ERR_UNSUPPORTED_DIR_IMPORT\]?: Directory import '[^'\n]{0,200}?(?P<name>[\w.-]{1,60})'",
        r"Did you mean to import \"?(?P<name>[^\s\"?]{1,120}\.js)\"?\?",
    ),
    rule(
        "node.polyfill",
        "Code for the browser uses modules of Node",
        says(
            "code for the browser uses `{name}`, which only Node has",
            Advice("keep it out of the browser's code, or add its polyfill to the bundler's configuration"),
        ),
        r"Can't resolve '(?P<name>[\w:/]{1,40})' in [^\n]{1,200}\n(?:[^\n]{0,300}\n){0,3}?BREAKING CHANGE: webpack < 5",
    ),
    rule(
        "node.ts_source_start",
        "Node is started with a TypeScript file",
        says(
            "Node is given a TypeScript file, which this version does not run",
            Advice("build it first and start what the build makes, or start it with tsx"),
        ),
        r"Unknown file extension \"\.tsx?\"",
    ),
    rule(
        "node.css_tool",
        "A preprocessor of styles is not installed",
        says(
            "the preprocessor `{name}` is not installed", lambda clue: add_node(clue.evidence, clue["name"], dev=True)
        ),
        r"Preprocessor dependency \"(?P<name>sass|sass-embedded|less|stylus)\" not found",
        r"Cannot find module '(?P<name>sass|less|stylus)'\n(?:[^\n]{0,300}\n){0,2}?[^\n]{0,80}(?:-loader|sassLoader)",
    ),
    rule(
        "node.unresolved_import",
        "An import leads to no package and no file",
        _unresolved,
        r"^(?:ERROR in )?(?:\./)?(?P<file>[\w./@\[\]()-]{1,200}\.\w{2,6})(?::\d{1,6}:\d{1,6}|"
        r" \d{1,6}:\d{1,6}(?:-\d{1,6})?)?\nModule not found: (?:Error: )?"
        r"Can't resolve '(?P<name>[^'\n]{1,160})'",
        r"Module not found: (?:Error: )?Can't resolve '(?P<name>[^'\n]{1,160})'",
        r"Rollup failed to resolve import \"(?P<name>[^\"\n]{1,160})\" from \"(?P<file>[^\"\n]{1,200})\"",
        r"Could not resolve \"(?P<name>[^\"\n]{1,160})\" from \"(?P<file>[^\"\n]{1,200})\"",
        r"Failed to resolve import \"(?P<name>[^\"\n]{1,160})\" from \"(?P<file>[^\"\n]{1,200})\"",
        r"\[ERROR\] Could not resolve \"(?P<name>[^\"\n]{1,160})\"",
        r"[Cc]annot find (?:module|package) '(?P<name>[^'\n]{1,160})'(?! or its)"
        r"(?: imported from '?(?P<file>[^'\n]{1,200}))?",
        stacks="node bun deno static python ruby php elixir",
    ),
)
