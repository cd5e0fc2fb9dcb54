"""Node's builds, frameworks and code."""

import posixpath
import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_node, node_requires
from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar, Quote, Remedy
from devgem.agent.diagnosis.rule import BUILD, Clue, Finding, Rule, repository_path, rule, says

_NODE = "node bun deno"
_BUILD_TOOLS = {
    "vite": "vite build",
    "next": "next build",
    "react-scripts": "react-scripts build",
    "astro": "astro build",
    "nuxt": "nuxt build",
    "@sveltejs/kit": "vite build",
    "@nestjs/core": "nest build",
    "typescript": "tsc",
}


def _located(clue: Clue, cause: str, *remedies: Remedy) -> Finding:
    """With the file and the line that the compiler names."""
    file = clue.quote.file
    where = f" in `{file}`" + (f", line {clue['line']}" if clue["line"] else "") if file else ""
    return Finding(clue.fill(cause) + where, remedies or (Advice("mend the line that the log names"),))


def _typescript(clue: Clue) -> Finding:
    return _located(clue, "the code does not pass TypeScript's checks: `{what}`")


def _next_type_error(clue: Clue) -> Finding:
    place = re.search(r"^\./(\S{1,200}):(\d{1,6}):\d{1,6}$", clue.said.text, re.MULTILINE)
    file = repository_path(place[1], clue.evidence.dir) if place else None
    where = f" in `{file}`, line {place[2]}" if place and file else ""
    quote = Quote(clue.quote.text, clue.quote.seq, file, int(place[2])) if place and file else None
    advice = Advice("mend the line that the log names")
    return Finding(clue.fill("the code does not pass TypeScript's checks: `{what}`") + where, (advice,), quote=quote)


def _missing_script(clue: Clue) -> Finding:
    script = clue["name"]
    path = clue.evidence.find("package.json")
    text = clue.evidence.files[path] if path else "{}"
    cause = f"package.json has no script `{script}`"
    if script == "build":
        command = next((run for package, run in _BUILD_TOOLS.items() if node_requires(text, package)), None)
    else:
        entry = clue.evidence.find("server.js", "index.js", "app.js") if script == "start" else None
        command = f"node {posixpath.relpath(entry, clue.evidence.dir)}" if entry else None
    if path and command and (diff := edits.json_member(path, text, ("scripts", script), command)):
        return Finding(cause, (diff,))
    return Finding(cause, (Advice(f'add "{script}" under "scripts", or state the commands in devgem.toml'),))


def _next_output(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("next.config.js", "next.config.mjs", "next.config.ts")
    pattern = r"^[ \t]{0,12}output:\s{0,4}['\"]export['\"],?[ \t]{0,4}\n"
    if path and (diff := edits.substituted(path, clue.evidence.files[path], pattern, "", "It is then a server again.")):
        yield diff
    yield Advice("or give each dynamic route a generateStaticParams(), and keep API routes out")


def _loose_ci(clue: Clue) -> Iterator[Remedy]:
    yield Advice("mend the warnings that the log lists")
    yield ConfigVar(("CI",), "Or let warnings pass.", build=True, values=(("CI", "false"),))


def _server_only(clue: Clue) -> Finding:
    return Finding(
        f"`{clue['name']}` is used where there is no browser: while the page is made on the server",
        (
            Advice(
                f"use {clue['name']} only in an effect or an event (useEffect, onMounted), or load the component with"
                f" ssr: false"
            ),
        ),
        None if clue.evidence.step == "build" else "likely",
    )


def _postcss(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("postcss.config.mjs", "postcss.config.js")
    new = "'@tailwindcss/postcss'"
    if path:
        diff = edits.substituted(
            path, clue.evidence.files[path], r"(?<![\w@/'\"-])['\"]?tailwindcss['\"]?(?=\s{0,4}:)", new
        )
        yield from (diff,) if diff else ()
    yield from add_node(clue.evidence, "@tailwindcss/postcss", "Tailwind's plugin of PostCSS.", dev=True)


def _prisma_generate(clue: Clue) -> Iterator[Remedy]:
    path = clue.evidence.find("package.json")
    if path and (
        diff := edits.json_member(path, clue.evidence.files[path], ("scripts", "postinstall"), "prisma generate")
    ):
        yield diff
    else:
        yield Advice('add `prisma generate` to the "build" script of package.json')


RULES: tuple[Rule, ...] = (
    rule(
        "node.missing_script",
        "package.json has no such script",
        _missing_script,
        r"[Mm]issing script:? \"?(?P<name>[\w:.-]{1,60})|ERR_PNPM_NO_SCRIPT\w{0,10}\s{1,4}Missing script(?: or"
        r" file)?:? (?P<name2>[\w:.-]{1,60})",
        r"error Command \"(?P<name>[\w:.-]{1,60})\" not found|Script not found \"(?P<name2>[^\"\n]{1,60})\"",
        r"Couldn't find a script named \"(?P<name>[^\"\n]{1,60})\"",
    ),
    rule(
        "node.ci_warnings",
        "Warnings count as errors in the build",
        says("the build treats warnings as errors, because CI is set", _loose_ci),
        r"Treating warnings as errors because process\.env\.CI = true",
    ),
    rule(
        "node.next_type_error",
        "A Next.js build fails at TypeScript's checks",
        _next_type_error,
        r"^\s{0,4}Type error: (?P<what>[^\n]{1,200})",
    ),
    rule(
        "node.typescript",
        "The code does not pass TypeScript's checks",
        _typescript,
        r"^(?:\S{1,20} )?(?P<file>[\w./@\[\]()-]{1,200}\.\w{2,5})[(:](?P<line>\d{1,6})[,:]\d{1,6}\)?(?: -|:)"
        r" error (?P<what>TS\d{1,6}: [^\n]{1,160})",
        r"error (?P<what>TS\d{1,6}: [^\n]{1,160})",
    ),
    rule(
        "node.eslint",
        "ESLint's errors stop the build",
        lambda clue: _located(
            clue,
            "ESLint finds errors, which stop the build: `{what}`",
            Advice("mend what it names, or take the rule out of ESLint's configuration"),
        ),
        r"^\./(?P<file>\S{1,200})\n(?P<line>\d{1,6}):\d{1,6}\s{1,4}Error: (?P<what>[^\n]{1,160})",
        r"^\s{0,8}(?P<line>\d{1,6}):\d{1,6}\s{1,4}error\s{1,4}(?P<what>[^\n]{1,160})",
        r"^Failed to compile\.\n{1,2}(?P<what>\[eslint\][^\n]{0,160})",
        steps=BUILD,
    ),
    rule(
        "node.use_client",
        "A React server component uses what only a client component may",
        lambda clue: _located(
            clue,
            "a server component uses `{name}`, which only client components may",
            Advice('put "use client" at the top of the file that uses it'),
        ),
        r"You're importing a (?:component|module) that (?:needs|depends on) `?(?P<name>\w{1,60})`?",
        r"(?P<name>createContext|useState|useEffect|useRef|useContext) only works in (?:a )?Client Components?",
    ),
    rule(
        "node.next_static_params",
        "A static export of Next.js has a page that is made on request",
        says("a page cannot be exported as files: `{what}`", _next_output),
        r"(?P<what>Page \"[^\"\n]{1,120}\" is missing \"generateStaticParams\(\)\"[^\n]{0,60})",
        r"(?P<what>[^\n]{0,80}cannot be used with \"output: export\"[^\n]{0,40})",
        r"(?P<what>export const dynamic = \"force-static\"[^\n]{0,60}not configured on route[^\n]{0,80})",
    ),
    rule(
        "node.next_start_output",
        "`next start` does not serve this kind of output",
        says(
            "`next start` does not serve the output `{name}`",
            Advice(
                'for "export" let the build\'s `out` be served as files; for "standalone" start `node'
                " .next/standalone/server.js`"
            ),
        ),
        r"\"next start\" does not work with \"output: (?P<name>export|standalone)\"",
        unless=r"^\S{0,60}Error: ",
        likely=True,
    ),
    rule(
        "node.no_production_build",
        "The app is started without having been built",
        says("there is no production build in `{name}`", Advice('add a "build" script to package.json that makes it')),
        r"Could not find a production build in the '(?P<name>[^'\n]{1,80})' directory",
        r"Error: Cannot find module '(?P<name>/app/(?:\S{0,80}/)?(?:dist|build|out)/[^'\n]{1,100})'",
    ),
    rule(
        "node.prerender",
        "A page fails while the build makes it in advance",
        says(
            "the page `{name}` fails while the build makes it in advance",
            Advice("see the error above it: often it needs data, a config var for the build, or a browser"),
            likely=True,
        ),
        r"Error occurred prerendering page \"(?P<name>[^\"\n]{1,120})\"",
        unless=r"ReferenceError: (?:window|document|localStorage|navigator|self) is not defined",
    ),
    rule(
        "node.no_browser_here",
        "Code for the browser runs on the server",
        _server_only,
        r"ReferenceError: (?P<name>window|document|localStorage|sessionStorage|navigator|self|location) is not defined",
    ),
    rule(
        "node.tailwind_postcss",
        "Tailwind 4 has its PostCSS plugin in another package",
        says("Tailwind's PostCSS plugin has moved to another package", _postcss),
        r"trying to use `tailwindcss` directly as a PostCSS plugin",
    ),
    rule(
        "node.astro_adapter",
        "Astro renders on the server and has no adapter",
        says("Astro has pages that are made on request, and no adapter", Command(("npx", "astro", "add", "node"))),
        r"Cannot use server-rendered pages without an adapter|\[NoAdapterInstalled\]",
    ),
    rule(
        "node.svelte_adapter",
        "SvelteKit has no adapter for where it is to run",
        says(
            "SvelteKit's adapter-auto knows no adapter for here",
            lambda clue: add_node(clue.evidence, "@sveltejs/adapter-node", "Name it in svelte.config.js.", dev=True),
        ),
        r"Could not detect a supported production environment",
        within="command_failed no_output no_start_command exited never_listens",
    ),
    rule(
        "node.angular_budget",
        "Angular's bundle is larger than its budget",
        says(
            "the bundle is larger than angular.json admits: `{what}`",
            Advice("raise maximumError under budgets in angular.json, or load less at the start"),
        ),
        r"(?P<what>(?:bundle initial|\S{1,80}) exceeded maximum budget[^\n]{0,120})",
        r"Error: (?P<what>[^\n]{1,80}exceeded maximum budget[^\n]{0,100})",
    ),
    rule(
        "node.prisma_generate",
        "The Prisma client has not been generated",
        says("the Prisma client has not been generated", _prisma_generate),
        r"@prisma/client did not initialize yet|Cannot find module '\.prisma/client",
    ),
    rule(
        "node.prisma_engine",
        "Prisma's engine is not that of this system",
        says(
            "Prisma's engine is not that of this system (`{name}`)",
            Advice('add "{name}" to binaryTargets in schema.prisma, or let the build run `prisma generate`'),
        ),
        r"Query Engine for runtime \"(?P<name>[\w.-]{1,40})\"",
    ),
    rule(
        "node.prisma_migrations",
        "The database lacks the tables that Prisma expects",
        says(
            "the database has no table `{name}` yet", Advice("add `release: npx prisma migrate deploy` to a Procfile")
        ),
        r"The table `(?P<name>[\w.]{1,80})` does not exist in the current database",
    ),
    rule(
        "node.browser_binary",
        "The app needs a browser, which is not installed",
        says(
            "the app needs a browser, which is not installed",
            Advice("install one in the build (`npx playwright install chromium`), inside the app's folder"),
        ),
        r"browserType\.launch: Executable doesn't exist|Could not find (?:Chrome|Chromium) \(ver",
    ),
    rule(
        "node.deno_permission",
        "Deno was not given a permission",
        says(
            "Deno was not given the permission `{name}`", Advice("add it to the start command: `deno run {name} ...`")
        ),
        r"(?:Requires \w{1,20} access to [^\n]{1,120}, (?:run again|specify) with (?:the )?|run again with the"
        r" )(?P<name>--allow-\w{1,20})",
    ),
    rule(
        "node.syntax",
        "JavaScript code does not parse",
        lambda clue: _located(clue, "the code does not parse: `{what}`"),
        r"^(?:file://)?(?P<file>/[^:\n]{1,200}):(?P<line>\d{1,6})\n(?:[^\n]{0,300}\n){1,4}?(?P<what>SyntaxErro"
        r"r: [^\n]{1,160})",
        r"^(?P<what>SyntaxError: [^\n]{1,160})",
        stacks=_NODE,
    ),
    rule(
        "node.bundler",
        "The bundler stops at an error in the code",
        lambda clue: _located(clue, "the bundler stops: `{what}`"),
        r"✘ \[ERROR\] (?P<what>[^\n]{1,160})(?:\n\n?\s{0,8}(?P<file>[\w./@-]{1,200}):(?P<line>\d{1,6}):\d{1,6}:)?",
        r"^\[vite[^\]\n]{0,40}\]:? (?P<what>(?!warning)[^\n]{1,160})",
        r"^RollupError: (?P<what>[^\n]{1,160})",
        r"^Error: (?P<what>[^\n]{0,100}x Expected[^\n]{1,100})|^\s{0,4}[x×] (?P<what2>(?:Expected"
        r"|Unexpected)[^\n]{1,160})",
        steps=BUILD,
        likely=True,
    ),
)
