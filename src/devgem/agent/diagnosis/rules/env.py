"""Config vars that the app needs and that are not set: a name that is set is never asked for."""

import re

from devgem.agent.diagnosis.diagnosis import Advice, Command, ConfigVar
from devgem.agent.diagnosis.rule import Clue, Fill, Finding, Rule, rule
from devgem.domain.deployment import Step

_NAME = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]{1,80}\b")
_KNOWN_WORDS = frozenset({"NODE_ENV", "PORT", "HOME", "PATH", "ERROR", "URL", "API", "ENV"})
_MOST = 12


def _needs(*fixed: str, why: str = "", upper: bool = True, read: bool = False) -> Fill:
    """The names that the pattern's group `names` has at all its places, or those that are `fixed`. With `read`, only
    those that the code was seen to read count."""

    def fill(clue: Clue) -> Finding | None:
        found = fixed or _named(clue, upper=upper)
        if read:
            plan = clue.evidence.plan
            found = tuple(name for name in found if plan and name in plan.env_names)
        unset = tuple(name for name in found if name not in clue.evidence.env)
        if not unset:
            return None
        is_build = clue.evidence.step is Step.BUILD
        noun, verb = ("config var", "is") if len(unset) == 1 else ("config vars", "are")
        settings = tuple(f"{name}=..." for name in unset)
        flag = ("--build",) if is_build else ()
        return Finding(
            f"the {'build' if is_build else 'app'} needs the {noun} {_list(unset)}, which {verb} not set",
            (
                ConfigVar(unset, why, build=is_build),
                Command(("devgem", "env", "set", clue.evidence.app, *settings, *flag), place="devgem"),
            ),
        )

    return fill


def _named(clue: Clue, *, upper: bool) -> tuple[str, ...]:
    """All names in the group, in order."""
    names = dict.fromkeys(_NAME.findall(clue["names"]))
    shaped = (name.upper() if upper else name for name in names)
    return tuple(dict.fromkeys(shaped))[:_MOST]


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _all_of(pattern: str) -> Fill:
    """Every name that `pattern` (its group 1) finds in the whole log: what lists them one a line."""

    def fill(clue: Clue) -> Finding | None:
        found = re.findall(pattern, clue.said.text, re.MULTILINE)
        names = tuple(dict.fromkeys(name.upper() for name in found))[:_MOST]
        return _needs(*names)(clue) if names else None

    return fill


def _words(clue: Clue) -> Finding | None:
    names = tuple(name for name in _named(clue, upper=False) if name.isupper() and name not in _KNOWN_WORDS)
    return _needs(*names)(clue) if names else None


def _refused_master_key(clue: Clue) -> Finding | None:
    if "RAILS_MASTER_KEY" in clue.evidence.env:
        return Finding(
            "RAILS_MASTER_KEY is set, but does not decrypt the credentials that the repository has",
            (Advice("set it to the text of config/master.key that the credentials were written with"),),
        )
    return _needs("RAILS_MASTER_KEY", why="The text of config/master.key, which is not in the repository.")(clue)


_PYDANTIC = r"^([A-Za-z_]\w{0,80})\n\s{1,8}(?:Field required \[type=missing|field required \(type=value_error\.missing)"
_ZOD = r"\"?path\"?:\s{0,4}\[\s{0,20}['\"]([A-Z][A-Z0-9_]{1,80})['\"]\s{0,20}\]"
_SCHEMA = r"env must have required property '([A-Z][A-Z0-9_]{1,80})'"
_T3 = (
    r"([A-Z][A-Z0-9_]{1,80})['\"]?: \[\s{0,20}['\"]"
    r"(?:Required|Invalid input: expected \w{1,20}, received undefined|Invalid option)"
)

RULES: tuple[Rule, ...] = (
    rule(
        "env.python_environ",
        "Python code reads an environment variable that is not set",
        _needs(upper=False),
        r'(?:os\.py|<frozen os>)", line \d{1,6}, in __getitem__\n(?:[^\n]{0,600}\n){0,3}?KeyError:'
        r" \'(?P<names>\w{1,80})\'$",
    ),
    rule(
        "env.python_copy",
        "Python code reads a setting that is not set",
        _needs(upper=False, read=True),
        r"^KeyError: '(?P<names>\w{1,80})'$",
    ),
    rule(
        "env.python_settings",
        "A settings library of Python finds no value",
        _needs(),
        r"UndefinedValueError: (?P<names>\w{1,80}) not found",
        r'EnvError: Environment variable "(?P<names>\w{1,80})" not set',
        r"ImproperlyConfigured: Set the (?P<names>\w{1,80}) environment variable",
        r"KeyError: \"Config '(?P<names>\w{1,80})' is missing",
    ),
    rule("env.pydantic_settings", "pydantic-settings finds no value", _all_of(_PYDANTIC), _PYDANTIC),
    rule("env.node_zod", "zod or t3-env finds no value", _all_of(_ZOD), _ZOD),
    rule("env.node_t3", "The checks of env.js find no value", _all_of(_T3), _T3),
    rule("env.node_schema", "env-schema finds no value", _all_of(_SCHEMA), _SCHEMA),
    rule(
        "env.node_envalid",
        "envalid finds no value",
        _all_of(r"^\s{2,8}([A-Z][A-Z0-9_]{1,80}): (?:undefined|.{0,100}\(eg\. )"),
        r"Missing environment variables:\n\s{1,8}(?P<names>[A-Z][A-Z0-9_]{1,80}):",
    ),
    rule(
        "env.prisma",
        "Prisma finds no database address",
        _needs(upper=False),
        r"Environment variable not found: (?P<names>\w{1,80})",
        r"PrismaConfigEnvError: Missing required environment variable: (?P<names>\w{1,80})",
    ),
    rule(
        "env.api_key",
        "The client of an outside API finds no key",
        _needs(upper=False),
        r"(?:apiKey|api_key|API key|API_KEY)\b.{0,200}?\b(?P<names>[A-Z][A-Z0-9_]{0,60}_(?:KEY"
        r"|TOKEN))\b environment variable",
        r"Did not find \w{1,60}, please add an environment variable `(?P<names>[A-Z][A-Z0-9_]{1,80})`",
    ),
    rule("env.supabase", "Supabase has no address", _needs("SUPABASE_URL"), r"supabaseUrl is required"),
    rule("env.supabase_key", "Supabase has no key", _needs("SUPABASE_KEY"), r"supabaseKey is required"),
    rule(
        "env.auth_secret",
        "Auth.js has no secret",
        _needs("AUTH_SECRET", why="A long random text."),
        r"\[auth\]\[error\] MissingSecret",
    ),
    rule(
        "env.next_auth_secret",
        "NextAuth has no secret",
        _needs("NEXTAUTH_SECRET", why="A long random text."),
        r"\[next-auth\]\[error\]\[NO_SECRET\]",
    ),
    rule(
        "env.jwt_secret",
        "Tokens are to be signed with a secret that is not set",
        _needs("JWT_SECRET", why="If this is the name that the code reads."),
        r"secretOrPrivateKey must have a value|JwtStrategy requires a secret or key",
        likely=True,
    ),
    rule(
        "env.session_secret",
        "express-session has no secret",
        _needs("SESSION_SECRET", why="If this is the name that the code reads."),
        r"secret option required for sessions",
        likely=True,
    ),
    rule(
        "env.mongo_uri",
        "Mongoose is given no address",
        _needs("MONGODB_URI", why="If this is the name that the code reads."),
        r"The `uri` parameter to `openUri\(\)` must be a string, got \"undefined\"",
        likely=True,
    ),
    rule(
        "env.firebase",
        "Google's client finds no credentials",
        _needs(
            "GOOGLE_APPLICATION_CREDENTIALS", why="Or give the service account's key in the way that the code reads it."
        ),
        r"Could not load the default credentials|DefaultCredentialsError: Your default credentials were not found",
        likely=True,
    ),
    rule(
        "env.go_required",
        "A settings library of Go finds no value",
        _needs(upper=False),
        r"required (?:key|environment variable) \"?(?P<names>[A-Z][A-Z0-9_]{1,80})\"? (?:missing value|is not set)",
    ),
    rule(
        "env.ruby_fetch",
        "Ruby code reads an environment variable that is not set",
        _needs(upper=False),
        r"key not found: \"(?P<names>[A-Z][A-Z0-9_]{1,80})\"",
    ),
    rule(
        "env.rails_master_key",
        "Rails cannot decrypt its credentials",
        _refused_master_key,
        r"Missing encryption key to decrypt file|MessageEncryptor::InvalidMessage",
    ),
    rule(
        "env.rails_secret_key_base",
        "Rails has no secret_key_base",
        _needs("SECRET_KEY_BASE", why="A long random text (`openssl rand -hex 64`)."),
        r"[Mm]issing `secret_key_base` for",
    ),
    rule(
        "env.elixir",
        "Elixir's runtime.exs reads a variable that is not set",
        _needs(upper=False),
        r"environment variable \"?(?P<names>[A-Z][A-Z0-9_]{1,80})\"? is missing",
        r"could not fetch environment variable \"(?P<names>[A-Z][A-Z0-9_]{1,80})\" because it is not set",
    ),
    rule(
        "env.laravel_key",
        "Laravel has no APP_KEY",
        _needs("APP_KEY", why="What `php artisan key:generate --show` prints."),
        r"No application encryption key has been specified",
    ),
    rule(
        "env.spring_placeholder",
        "Spring finds no value for a placeholder",
        _needs(upper=False),
        r"Could not resolve placeholder '(?P<names>[A-Z][A-Z0-9_]{1,80})' in value",
    ),
    rule(
        "env.rust",
        "Rust code reads a variable that is not set",
        _needs(upper=False),
        r"environment variable `(?P<names>[A-Z][A-Z0-9_]{1,80})` not defined at compile time",
        r"(?P<names>[A-Z][A-Z0-9_]{2,80}) must be set: NotPresent",
    ),
)

LATE_RULES: tuple[Rule, ...] = (
    rule(
        "env.named",
        "The app needs config vars that are not set",
        _needs(upper=False),
        about=r"needs the config vars? (?P<names>[A-Z][A-Z0-9_]{0,80}(?:, [A-Z][A-Z0-9_]{0,80}){0,12})",
        within="missing_env",
    ),
    rule(
        "env.said",
        "The program says, in words of its own, that a config var is missing",
        _words,
        r"(?i:missing|undefined|unset|no)(?i: required)?(?i: env(?:ironment)?)(?i:"
        r" ?var(?:iable)?(?:\(?s\)?)?):?[\s'\"`]{0,4}"
        r"(?P<names>[A-Z][A-Z0-9_]{2,80}(?:, ?[A-Z][A-Z0-9_]{2,80}){0,12})\b",
        r"(?i:environment variable|env var|config var)s?:? ['\"`]?(?P<names>[A-Z][A-Z0-9_]{2,80})['\"`]?"
        r"(?i: (?:must be|is|was|has) (?:not )?(?:been )?(?:set|missing|required|undefined|provided|defined|empty))",
        r"\b(?P<names>[A-Z][A-Z0-9]{0,40}_[A-Z0-9_]{1,60})['\"`]?(?i: (?:env(?:ironment)? var(?:iable)? )?"
        r"(?:must be (?:set|provided|defined)|is (?:not set|missing|required|not defined|undefined|unset|not"
        r" provided)))",
        r"(?i:please (?:set|provide|define)|you must set|set the)(?i: the| your)?"
        r" ['\"`]?(?P<names>[A-Z][A-Z0-9]{0,40}_[A-Z0-9_]{1,60})\b(?! setting)",
        likely=True,
    ),
)
