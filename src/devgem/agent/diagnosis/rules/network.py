"""The network: registries, names, certificates, logins."""

from collections.abc import Iterator

from devgem.agent.diagnosis.diagnosis import Advice, ConfigVar, Remedy, Retry
from devgem.agent.diagnosis.rule import BUILD, Clue, Rule, rule, says
from devgem.domain.deployment import Step

_CHECK = Advice("check this machine's connection, name service and proxy settings")
_BUILDING = BUILD | {Step.FETCH, Step.PLAN}


def _again(clue: Clue) -> Iterator[Remedy]:
    yield Retry("The network may answer by then.")
    yield _CHECK


def _token(clue: Clue) -> Iterator[Remedy]:
    if clue.evidence.language == "python":
        yield ConfigVar(("PIP_INDEX_URL",), "The index's address with its token.", build=True)
    command = f"`devgem env set {clue.evidence.app} NAME=... --build`"
    yield Advice(f"set the registry's token for the build ({command}) and use it in the package manager's settings")


RULES: tuple[Rule, ...] = (
    rule(
        "network.certificate",
        "A certificate is signed by an authority that this machine does not know",
        says(
            "a server's certificate is signed by an authority that this machine does not know",
            Advice("copy your company's authority to /usr/local/share/ca-certificates/ and run update-ca-certificates"),
        ),
        r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|self[- ]signed certificate|unable to get local issuer certificate",
        r"UnknownIssuer|invalid peer certificate|x509: certificate|PKIX path building failed",
    ),
    rule(
        "network.git_login",
        "A git dependency wants a login",
        says(
            "a dependency is fetched with git from a repository that wants a login",
            Advice("use its released package, or an https address with a token given to the build"),
        ),
        r"could not read Username for '[^'\n]{1,200}'|terminal prompts disabled|Permission denied \(publickey"
        r"|Host key verification failed",
        steps=_BUILDING,
    ),
    rule(
        "network.git_dependency",
        "A dependency cannot be fetched with git",
        says(
            "a dependency cannot be fetched with git",
            Advice("check that its repository and its tag exist, and that it can be read without a login"),
            likely=True,
        ),
        r"Git operation failed|failed to (?:clone|fetch) into|git dep preparation failed",
        r"fatal: repository"
        r" '[^'\n]{1,200}' not found",
        r"error: pathspec '[^'\n]{1,100}' did not match any file|fatal: Remote branch \S{1,100} not found",
        steps=_BUILDING,
        unless=r"Could not resolve host|could not read Username",
    ),
    rule(
        "network.registry_login",
        "A package registry wants a login",
        says(
            "a package registry wants a login",
            _token,
            likely=True,
        ),
        r"(?:401 Client Error|403 Client Error|401 Unauthorized|403 Forbidden|HTTP(?: error| code|/1\.1)?"
        r" 40[13]\b|status code 40[13])",
        r"[Aa]uthentication (?:required|failed) for|User for [\w.-]{1,100}: $|Invalid credentials \(HTTP 40[13]\)",
        steps=_BUILDING,
    ),
    rule(
        "network.host",
        "A host that the build needs cannot be reached",
        says("`{host}`, which the build needs, cannot be reached from this machine", _again),
        r"(?:ENOTFOUND|EAI_AGAIN|dial tcp: lookup|[Cc]ould not resolve host:|Unknown host)"
        r" (?P<host>[\w-]{1,60}(?:\.[\w-]{1,60}){1,6})",
        r"getaddrinfo for (?P<host>[\w-]{1,60}(?:\.[\w-]{1,60}){1,6}) failed",
        r"(?:Failed to fetch|error sending request for url|Could not transfer \S{1,20}[^\n]{0,100} from/to"
        r" \S{1,20}) [`(]{0,2}https?://(?P<host>[\w.-]{1,100})",
        r"HTTPS?ConnectionPool\(host='(?P<host>[\w.-]{1,100})'[^\n]{0,300}(?:NewConnectionError"
        r"|NameResolutionError|ConnectTimeoutError)",
        steps=_BUILDING,
    ),
    rule(
        "network.jsr",
        "jsr.io cannot be reached",
        says("the package `{name}` cannot be fetched from jsr.io", _again),
        r"JSR package manifest for '(?P<name>[^'\n]{1,80})' failed to load",
    ),
    rule(
        "network.failure_names_host",
        "A host that the deployment needs cannot be reached",
        says("`{host}` cannot be reached from this machine", _again),
        about=r"(?P<host>[\w-]{1,60}(?:\.[\w-]{1,60}){1,6}) could not be reached",
        within="network",
    ),
    rule(
        "network.registry_down",
        "A registry is busy or out of order",
        says("a registry is busy or out of order", Retry("In a minute.")),
        r"(?:50[0234]|429) (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time-?out|Too Many"
        r" Requests)",
        r"HTTP status server error|npm (?:error|ERR!) code E(?:50[0234]|429)",
        steps=_BUILDING,
        codes="registry_down",
    ),
    rule(
        "network.timeout",
        "A download took too long or broke off",
        says("a download took too long or broke off", _again),
        r"ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|Read timed out|ReadTimeoutError|i/o timeout|TLS"
        r" handshake timeout",
        r"ECONNRESET|[Cc]onnection reset by peer|IncompleteRead|[Uu]nexpected (?:EOF|end of file) while"
        r" reading|socket hang up",
        steps=_BUILDING,
        likely=True,
    ),
    rule(
        "network.names",
        "No name of a host can be resolved",
        says("the name of a host cannot be resolved from this machine", _again),
        r"[Nn]ame or service not known|Temporary failure in name resolution|failed to lookup address|dns error"
        r"|Could not resolve host|EAI_AGAIN|ENOTFOUND",
        codes="network",
        steps=_BUILDING,
    ),
)
