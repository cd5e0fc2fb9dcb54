"""PHP: Composer, Laravel and the code."""

from collections.abc import Iterator

from devgem.agent.diagnosis.diagnosis import Advice, Command, Remedy
from devgem.agent.diagnosis.rule import Clue, Finding, Rule, rule, says

_FUNCTIONS = {
    "mb_": "mbstring",
    "curl_": "curl",
    "imagecreate": "gd",
    "getimagesize": "gd",
    "simplexml_": "xml",
    "xml_": "xml",
    "utf8_": "xml",
    "bc": "bcmath",
    "mysqli_": "mysql",
    "pg_": "pgsql",
    "intl": "intl",
    "numfmt_": "intl",
    "gmp_": "gmp",
    "zip_": "zip",
    "sodium_": "sodium",
    "openssl_": "openssl",
    "ldap_": "ldap",
}
_DRIVERS = {"mysql": "php-mysql", "pgsql": "php-pgsql", "sqlite": "php-sqlite3"}


def _undefined_function(clue: Clue) -> Finding:
    name = clue["name"]
    extension = next((e for prefix, e in _FUNCTIONS.items() if name.startswith(prefix)), None)
    if extension:
        install = Command(("apt-get", "install", f"php-{extension}"), place="machine")
        return Finding(f"the PHP extension {extension}, which has `{name}()`, is not installed", (install,))
    advice = Advice("see that its file is loaded (composer.json's autoload, then `composer dump-autoload`)")
    return Finding(f"the PHP function `{name}()` is not defined", (advice,), "likely")


def _driver(clue: Clue) -> Iterator[Remedy]:
    known = next(
        (package for name, package in _DRIVERS.items() if f"{name}:" in clue.said.text or f"{name})" in clue.said.text),
        None,
    )
    if known:
        yield Command(("apt-get", "install", known), place="machine")
    else:
        yield Advice("install the driver of your database: php-pgsql, php-mysql or php-sqlite3")


RULES: tuple[Rule, ...] = (
    rule(
        "php.extension",
        "A PHP extension is missing",
        says(
            "the PHP extension `{name}` is not installed",
            Command(("apt-get", "install", "php-{name}"), place="machine"),
        ),
        r"requires (?:PHP extension )?ext-(?P<name>\w{1,40}) ?\S{0,20} (?:but it is missing|->)",
        r"(?:require|Root composer\.json requires) PHP extension ext-(?P<name>\w{1,40})",
        r"PHP Startup: Unable to load dynamic library '(?P<name>\w{1,40})",
    ),
    rule(
        "php.version",
        "The app or a package asks for another PHP",
        says(
            "it asks for PHP `{want}`, and this machine has {have}",
            Advice("install that PHP on the machine"),
            Command(("composer", "update"), "Or take releases that support this PHP, made with it."),
        ),
        r"requires php (?P<want>[^\n]{1,40}?) (?:->|but) your php version \((?P<have>[^;)\n]{1,20})",
        r"Your Composer dependencies require a PHP version \"(?P<want>[^\"\n]{1,30})\"\. You are running"
        r" (?P<have>[\d.]{1,12})",
    ),
    rule(
        "php.lock_stale",
        "composer.lock does not fit composer.json",
        says("composer.lock does not fit composer.json", Command(("composer", "update"), "Commit composer.lock.")),
        r"Required package \"(?P<name>[^\"\n]{1,100})\" is not present in the lock file",
        r"Your lock file does not contain a compatible set of packages",
    ),
    rule(
        "php.github_limit",
        "GitHub's limit for downloads without a login is reached",
        says(
            "GitHub's limit for downloads without a login is reached",
            Advice("set COMPOSER_AUTH with a GitHub token for the build"),
        ),
        r"Could not fetch https://api\.github\.com/[^\n]{1,160}please (?:review your configured GitHub OAuth"
        r" token|create a GitHub OAuth token)",
        r"GitHub API limit \(\d{1,6} calls/hr\) is exhausted",
    ),
    rule(
        "php.no_such_package",
        "A Composer package does not exist",
        says(
            "there is no Composer package `{name}`, or none that fits",
            Advice("correct its name or version in composer.json: see https://packagist.org"),
        ),
        r"Root composer\.json requires (?P<name>[\w./-]{1,100})[, ][^\n]{0,120}(?:could not be found|it could"
        r" not be found)",
        r"Could not find a (?:matching version of )?package (?P<name>[\w./-]{1,100})",
    ),
    rule(
        "php.conflict",
        "The Composer requirements cannot be met",
        says(
            "the Composer requirements cannot be met",
            Advice("see the problems that the log lists, and change composer.json"),
        ),
        r"Your requirements could not be resolved to an installable set of packages",
    ),
    rule(
        "php.no_driver",
        "PHP has no driver for the database",
        says("PHP has no driver for the app's database", _driver),
        r"PDOException: could not find driver|could not find driver \(",
    ),
    rule(
        "php.no_autoload",
        "The vendor folder is not there",
        says(
            "`{name}` is not there: the packages were not installed",
            Advice("commit composer.json with its lock file; the build then makes the vendor folder"),
        ),
        r"Failed opening required '(?P<name>[^'\n]{0,200}vendor/autoload\.php)'",
    ),
    rule(
        "php.missing_include",
        "A PHP file that is included is not there",
        says(
            "the PHP file `{name}` is not there",
            Advice("commit it, or correct the path (Linux tells upper from lower case)"),
        ),
        r"Failed opening required '(?P<name>[^'\n]{1,200})'",
    ),
    rule(
        "php.vite_manifest",
        "Laravel's frontend was not built",
        says(
            "the frontend was not built: `{name}` is not there",
            Advice('add package.json\'s "build" to the build, in devgem.toml: build = ["npm ci", "npm run build"]'),
        ),
        r"Vite manifest not found at: (?P<name>[^\s\"]{1,200})",
        r"The Mix manifest does not exist(?P<name>)",
    ),
    rule(
        "php.laravel_storage",
        "Laravel may not write to its storage folder",
        says(
            "Laravel may not write to `{name}`",
            Advice("commit storage/ with its .gitignore files, and bootstrap/cache"),
        ),
        r"The stream or file \"(?P<name>[^\"\n]{1,200})\" could not be opened in append mode",
        r"(?P<name>bootstrap/cache) directory must be present and writable",
        r"(?P<name>Please provide a valid cache path)",
    ),
    rule(
        "php.undefined_function",
        "A PHP function is not defined",
        _undefined_function,
        r"Call to undefined function (?:\w{1,60}\\){0,6}(?P<name>\w{1,80})\(\)",
    ),
    rule(
        "php.class_missing",
        "A PHP class is not found",
        says(
            "the PHP class `{name}` is not found",
            Advice(
                "see its file's name and namespace (Linux tells upper from lower case), and that its package is in"
                " composer.json"
            ),
        ),
        r"Class ['\"](?P<name>[\w\\]{1,160})['\"] not found",
    ),
    rule(
        "php.syntax",
        "PHP code does not parse",
        says(
            "the PHP code does not parse: `{what}`",
            Advice("mend the line that the log names, or state the PHP that it is written for"),
        ),
        r"(?:PHP )?Parse error: {1,4}(?P<what>[^\n]{1,160}?) in (?P<file>\S{1,200}) on line (?P<line>\d{1,6})",
    ),
)
