"""Python's packages: what is not there, does not go together, or cannot be built."""

import re
from collections.abc import Iterator

from devgem.agent.diagnosis import edits
from devgem.agent.diagnosis.dependencies import add_python, replace_requirement, requirement, requirements_path
from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.names import PYTHON_DISTRIBUTIONS, REMOVED_FROM_PYTHON
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says
from devgem.agent.diagnosis.versions import pin_python

_OTHER_ERROR = re.compile(
    r"^(?!ModuleNotFoundError|ImportError)(?:[A-Za-z_]\w{0,60}\.){0,6}[A-Z]\w{0,60}(?:Error|Exception)\b", re.M
)

START_MODULE = (
    r"line \d{1,6}, in import_app\n(?:[^\n]{0,300}\n){0,4}?[^\n]{0,300}, in import_module\n"
    r"(?:(?! {2}File \"/)[^\n]{0,300}\n){0,12}?ModuleNotFoundError: No module named '(?P<name>[\w.]{1,100})$"
)
"""gunicorn's own import of the module that the start command names; without the quote at the end."""


def _missing_module(clue: Clue) -> Finding | None:
    """What the start command names itself is no package: see python.no_app_module."""
    if re.search(START_MODULE, clue.before[-4000:]):
        return None
    module = clue["name"]
    top = module.partition(".")[0]
    package = PYTHON_DISTRIBUTIONS.get(module) or PYTHON_DISTRIBUTIONS.get(top) or top.replace("_", "-")
    known = module in PYTHON_DISTRIBUTIONS or top in PYTHON_DISTRIBUTIONS
    why = f"The package {package} brings it." if known else f"That is right if its package is called {package}."
    certain = known or not _OTHER_ERROR.search(clue.after)
    cause = f"the Python module `{module}` is not installed"
    if not any(True for _ in add_python(clue.evidence, package)):
        return Finding(f"{cause}, though the requirements name {package}", _listed(package), "likely")
    return Finding(cause, tuple(add_python(clue.evidence, package, why)), None if certain else "likely")


def _listed(package: str) -> tuple[Remedy, ...]:
    return (Advice(f"see whether {package} is installed under a condition, or for another group, in the requirements"),)


def _own_module(clue: Clue) -> Finding | None:
    """A module that the repository itself has, somewhere where Python does not look."""
    top = clue["name"].partition(".")[0]
    ends = (f"/{top}.py", f"/{top}/__init__.py")
    found = [path for path in clue.evidence.paths if f"/{path}".endswith(ends) and "site-packages" not in path]
    if not found or top in PYTHON_DISTRIBUTIONS:
        return None
    path = min(found, key=len)
    folder = path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[0]
    return Finding(
        f"Python does not find `{top}`, which the repository has at `{path}`",
        (
            Advice(f"look for it in {folder}: `gunicorn --chdir {folder}`, `uvicorn --app-dir {folder}` or PYTHONPATH")
            if folder
            else Advice("start it from the repository's root, as a module: `python -m package.module`"),
            Advice("or, if a package of this name is meant, add it to the requirements"),
        ),
        "likely",
    )


def _removed_module(clue: Clue) -> Finding:
    name = clue["name"]
    since = REMOVED_FROM_PYTHON[name]
    older = f"3.{int(since.split('.')[1]) - 1}"
    remedies: list[Remedy] = list(pin_python(_with_want(clue, f"=={older}")))
    if name == "distutils":
        remedies += add_python(clue.evidence, "setuptools", "It brings distutils along.")
    return Finding(f"`{name}` was removed from Python in {since}, and a package still uses it", tuple(remedies))


def _with_want(clue: Clue, want: str) -> Clue:
    return Clue(clue.evidence, clue.said, clue.quote, {**clue.names, "want": want}, clue.end)


def _psycopg(clue: Clue) -> Iterator[Remedy]:
    why = "It comes built: nothing of PostgreSQL is needed to install it."
    if diff := replace_requirement(clue.evidence, "psycopg2", "psycopg2-binary", why):
        yield diff
    else:
        yield Advice(f"ask for psycopg2-binary in place of psycopg2. {why}")
    yield Command(("apt-get", "install", "libpq-dev"), "Or give the machine what psycopg2 is built with.", "machine")


def _mysql(clue: Clue) -> Iterator[Remedy]:
    yield Command(("apt-get", "install", "default-libmysqlclient-dev", "pkg-config"), place="machine")
    yield from add_python(clue.evidence, "PyMySQL", "Or take PyMySQL, which needs nothing built.")


def _older_numpy(clue: Clue) -> Iterator[Remedy]:
    path, new = requirements_path(clue.evidence), "numpy<2"
    text = clue.evidence.files[path] if path else ""
    found = requirement(text, "numpy")
    diff = edits.at(path, text, *found.span(), new) if path and found else None
    if path and not found:
        diff = edits.appended(path, text, new)
    yield diff or Advice(f"ask for {new} in the requirements")


_LOCKED_BY = {"uv.lock": "uv", "poetry.lock": "poetry", "Pipfile.lock": "pipenv"}


def _relock(clue: Clue) -> Iterator[Remedy]:
    yield Command((_LOCKED_BY.get(clue["file"], "pdm"), "lock"))


RULES: tuple[Rule, ...] = (
    rule(
        "python.removed_module",
        "A module was removed from the standard library of this Python",
        _removed_module,
        rf"(?:ModuleNotFoundError|ImportError): No module named"
        rf" '(?P<name>{'|'.join(REMOVED_FROM_PYTHON)})(?:\.\w{{1,40}})?'",
        last=True,
    ),
    rule(
        "python.own_module",
        "A module of the repository is not where Python looks for it",
        _own_module,
        r"ModuleNotFoundError: No module named '(?P<name>[\w.]{1,100})'",
        r'Error loading ASGI app\. Could not import module "(?P<name>[\w.]{1,100})"',
        last=True,
    ),
    rule(
        "python.package_called_otherwise",
        "A requirement is an import name whose package is called otherwise on PyPI",
        says(
            "`{name}` is a name to import; it was renamed on PyPI: `{other}`",
            Advice("ask for {other} in the requirements"),
        ),
        r"The '(?P<name>sklearn)' PyPI package is deprecated, use '(?P<other>scikit-learn)'",
    ),
    rule(
        "python.missing_module",
        "A Python module is not installed",
        _missing_module,
        r"(?:ModuleNotFoundError|ImportError): No module named '?(?P<name>[\w.]{1,100})",
        r"Error: Unable to import \W?(?P<name>[\w.]{1,100})\W? ?\(No module named",
        r"/python[\d.]{0,6}: No module named (?P<name>[\w.]{1,100})$",
        last=True,
    ),
    rule(
        "python.numpy_abi",
        "A package was built for another major version of NumPy",
        says("a package was built for another major version of NumPy than is installed", _older_numpy),
        r"A module that was compiled using NumPy 1\.x cannot be run in\s{0,3}",
        r"numpy\.(?:dtype|ufunc) size changed, may indicate binary incompatibility",
        r"AttributeError: _ARRAY_API not found|module 'numpy' has no attribute '(?:float|int|bool|object)'",
    ),
    rule(
        "python.circular_import",
        "Two modules import each other",
        says(
            "`{name}` cannot be imported from `{module}`, which is only half loaded: the two import each other",
            Advice("import it inside the function that needs it, or move what both need to a third module"),
        ),
        r"ImportError: cannot import name '(?P<name>\w{1,80})' from partially initialized module"
        r" '(?P<module>[\w.]{1,80})'",
        r"AttributeError: partially initialized module '(?P<module>[\w.]{1,80})' has no attribute '(?P<name>\w{1,80})'",
        last=True,
    ),
    rule(
        "python.import_name",
        "A package is installed in a version that the code was not written for",
        says(
            "`{module}` has no `{name}`: it is installed in another version than the code was written for",
            Advice("pin the version of {module} that has it, in the requirements"),
            likely=True,
        ),
        r"ImportError: cannot import name '(?P<name>\w{1,80})' from '(?P<module>[\w.]{1,80})'",
        last=True,
    ),
    rule(
        "python.pydantic_moved",
        "The code is for Pydantic 1, and Pydantic 2 is installed",
        says(
            "`{name}` has moved: the code is for Pydantic 1, and Pydantic 2 is installed",
            lambda clue: add_python(clue.evidence, "pydantic-settings", "It holds BaseSettings; import it from there."),
        ),
        r"PydanticImportError: `(?P<name>BaseSettings)` has been moved to the `pydantic-settings` package",
    ),
    rule(
        "python.wrong_version",
        "The app or a package asks for another version of Python",
        says("it asks for Python `{want}`, and this build has {have}", pin_python),
        r"(?:interpreter resolved to|interpreter at .{1,200} is) Python (?P<have>[\d.]{1,12}),? which is"
        r" incompatible with the"
        r" project's Python requirement: `?(?P<want>[^`\n]{1,60})",
        r"current Python version \((?P<have>[\d.]{1,12})\) does not satisfy"
        r" Python(?P<want>[^\s,]{1,40}(?:,[<>=!][^\s,]{1,20})?)",
        r"[Cc]urrent Python version \((?P<have>[\d.]{1,12})\) is not allowed by the project \((?P<want>[^)\n]{1,60})\)",
        r"requires a different Python: (?P<have>[\d.]{1,12}) not in '?(?P<want>[^'\n]{1,60})",
    ),
    rule(
        "python.lock_stale",
        "Python's lock file does not fit pyproject.toml or the Pipfile",
        says("`{file}` does not fit what the app asks for", _relock),
        r"The lockfile at `?(?P<file>uv\.lock)`? needs to be updated",
        r"pyproject\.toml changed significantly since (?P<file>poetry\.lock) was last generated",
        r"(?P<file>poetry\.lock) is not up to date with pyproject\.toml",
        r"(?P<file>Pipfile\.lock) \([0-9a-f]{4,80}\) (?:is )?out of date",
        r"(?P<file>[Ll]ock file hash) doesn't match pyproject\.toml",
    ),
    rule(
        "python.lock_missing",
        "Python's lock file is not in the repository",
        says("`{file}` is not in the repository", _relock),
        r"Unable to find lockfile at `?(?P<file>uv\.lock)",
    ),
    rule(
        "python.no_such_package",
        "A Python package does not exist",
        says(
            "there is no Python package called `{name}`",
            Advice("correct its name in the requirements; a private one needs its index"),
        ),
        r"Because (?P<name>[\w.-]{1,80}) was not found in the package registry",
        r"Could not find a version that satisfies the requirement (?P<name>[\w.\[\]-]{1,80})\S{0,40} \(from"
        r" versions: none\)",
    ),
    rule(
        "python.no_such_version",
        "A Python package has no release that fits",
        says(
            "no release of the Python package `{name}` fits what is asked for",
            Advice("ask for a release that exists and supports this Python: see https://pypi.org"),
        ),
        r"[Bb]ecause there (?:is|are) no versions? of (?P<name>[\w.-]{1,80}[=<>!~]{0,3}[\w.*]{0,30})",
        r"Could not find a version that satisfies the requirement (?P<name>\S{1,100}) \(from versions: ",
        r"No matching distribution found for (?P<name>\S{1,100})",
        r"Unable to find installation candidates for (?P<name>[^)\n]{1,80}\))",
    ),
    rule(
        "python.version_conflict",
        "Python requirements contradict each other",
        says(
            "the Python requirements contradict each other: `{what}`",
            Advice("loosen or change one of the versions that the log names"),
        ),
        r"Cannot install (?P<what>.{1,200}) because these package versions have conflicting dependencies",
        r"[Bb]ecause (?P<what>[\w.\[\]-]{1,80}\S{0,40} depends on .{1,120})",
        r"(?P<what>ResolutionImpossible|[Vv]ersion solving failed|No solution found when resolving dependencies)",
    ),
    rule(
        "python.bad_requirement",
        "A line of the requirements cannot be read",
        says("a line of the requirements cannot be read: `{what}`", Advice("mend the line that the log shows")),
        r"Invalid requirement: (?P<what>.{1,120})",
        r"(?P<what>Couldn't parse requirement in `[^`\n]{1,100}`(?: at position \d{1,6})?)",
        r"(?P<what>Could not open requirements file: .{1,120})",
        r"(?P<what>TOML parse error at line \d{1,6}, column \d{1,6})",
    ),
    rule(
        "python.psycopg2_source",
        "psycopg2 is built from source, and PostgreSQL's headers are not there",
        says("psycopg2 is built from source, and `pg_config` of PostgreSQL is not installed", _psycopg),
        r"pg_config executable not found|pg_config is required to build psycopg2|fatal error: libpq-fe\.h",
    ),
    rule(
        "python.mysqlclient_source",
        "mysqlclient is built from source, and MySQL's headers are not there",
        says("mysqlclient is built from source, and MySQL's headers are not installed", _mysql),
        r"mysql_config: (?:command )?not found|Can not find valid pkg-config name|fatal error: mysql\.h",
        r"Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually",
        r"mysql_config not found",
    ),
    rule(
        "python.lxml_source",
        "lxml is built from source, and its headers are not there",
        says(
            "lxml is built from source, and the headers of libxml2 and libxslt are not installed",
            Advice("take a newer release of lxml: it comes built for this Python"),
            Command(("apt-get", "install", "libxml2-dev", "libxslt1-dev"), place="machine"),
        ),
        r"make sure the libxml2 and libxslt development packages are installed",
        r"Could not find function xmlCheckVersion in library libxml2",
    ),
    rule(
        "python.rust_needed",
        "A Python package is built from source and needs Rust",
        says(
            "a Python package has no wheel for this Python, and Rust to build it is not installed",
            Advice("take a newer release of the package, or an older Python that it has a wheel for"),
            Command(("apt-get", "install", "cargo"), place="machine"),
        ),
        r"can't find Rust compiler|Cargo, the Rust package manager, is not installed|maturin failed.{0,80}rustc",
        stacks="python",
    ),
    rule(
        "python.old_setuptools",
        "A package's build needs setuptools, which newer Pythons leave out",
        says(
            "a package is built with setuptools, which is not there",
            lambda clue: add_python(clue.evidence, "setuptools"),
            Advice("take a newer release of the package"),
        ),
        r"AttributeError: module 'pkgutil' has no attribute 'ImpImporter'",
        r"BackendUnavailable: Cannot import 'setuptools|error: invalid command 'bdist_wheel'",
    ),
    rule(
        "python.hashes",
        "A package is not the one whose hash the requirements state",
        says(
            "a package is not the one whose hash the requirements state",
            Advice(
                "make the hashes anew (`pip-compile --generate-hashes`); beware if the version is the same: it may"
                " have been tampered with"
            ),
        ),
        r"THESE PACKAGES DO NOT MATCH THE HASHES|Hash mismatch for `",
        r"In --require-hashes mode, all requirements must have their versions pinned",
    ),
)
