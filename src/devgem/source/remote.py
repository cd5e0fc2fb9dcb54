"""Whether and how the repository at an address is reached."""

import os
import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urljoin

from devgem.source.addresses import Resolve, checked_addresses, curl_pin
from devgem.source.errors import refusal
from devgem.source.folder import work_tree
from devgem.source.git import Settings
from devgem.source.location import GITHUB, Address, parse_address
from devgem.source.policy import Policy

_ADVERTISEMENT = "/info/refs?service=git-upload-pack"
# A local repository may be someone else's; git's own check of that does not see our settings in its child process.
_LOCAL_OPTIONS = ("--upload-pack=git -c 'safe.directory=*' -c uploadpack.allowFilter=true upload-pack",)


@dataclass(frozen=True)
class Remote:
    """How a repository is reached, once that is known to be allowed. `shown` is the address in messages."""

    url: str
    shown: str
    protocol: str
    host: str = "this machine"
    settings: Settings = field(default=(), repr=False)
    env: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()


class Remotes:
    """Decides whether and how a location is reached."""

    def __init__(self, policy: Policy, resolve: Resolve) -> None:
        self._policy = policy
        self._resolve = resolve

    def folder(self, folder: Path) -> tuple[Remote, str]:
        """The git repository that a folder is in, and the folder's path in it: for the operator's own folders."""
        found = work_tree(folder)
        if found is None:
            raise refusal("not_a_repository", url=folder)
        return self._local(found[0], str(folder)), found[1]

    async def at(self, location: str, authorization: str | None) -> Remote:
        """Raises SourceError when the policy does not allow the address, or one of its host's."""
        if location.startswith("file://"):
            if not self._policy.allow_file_urls:
                raise refusal("local_source_refused")
            return self._local(Path(unquote(location.removeprefix("file://"))), location)
        address = parse_address(self._policy.fetched_from(location))
        if address.scheme == "ssh" and not self._policy.allow_ssh:
            raise refusal("ssh_refused")
        trusted = self._is_github(address)
        if address.scheme == "http" and not (trusted or self._policy.allow_http):
            raise refusal("insecure_url", url=location)
        private_too = trusted or self._policy.allow_private_addresses
        addresses = await checked_addresses(address.host, address.port, self._resolve, private_too=private_too)
        remote = Remote(str(address), location, address.scheme, address.host)
        if address.scheme == "ssh":
            return replace(remote, env=_ssh_environment(address, addresses[0]), readable=(Path.home() / ".ssh",))
        pin = ("http.curloptResolve", curl_pin(address.host, address.port, addresses))
        header = (f"http.{address.origin}/.extraHeader", f"Authorization: {authorization}")
        return replace(remote, settings=(pin, header) if authorization else (pin,))

    def _local(self, repository: Path, shown: str) -> Remote:
        if not repository.exists():
            raise refusal("repository_not_found", url=shown)
        return Remote(str(repository), shown, "file", options=_LOCAL_OPTIONS, readable=(repository,))

    def _is_github(self, address: Address) -> bool:
        """True for the address that the operator has put in GitHub's place."""
        url = self._policy.github_url.rstrip("/")
        return url != GITHUB and str(address).startswith(url + "/")


def redirected(remote: Remote, target: str) -> Remote:
    """Where a redirect of the remote leads; it is only followed to another path of the same origin."""
    url = urljoin(remote.url + _ADVERTISEMENT, target)
    origin = remote.url[: len(remote.url) - len(parse_address(remote.url).path)]
    if not (url.startswith(origin + "/") and url.endswith(_ADVERTISEMENT)):
        raise refusal("redirected_elsewhere", url=remote.shown, target=url.removesuffix(_ADVERTISEMENT)[:200])
    return replace(remote, url=str(parse_address(url.removesuffix(_ADVERTISEMENT))))


def _ssh_environment(address: Address, ip: str) -> dict[str, str]:
    """The operator's own keys, agent and known hosts, but nothing of ~/.ssh/config; and the host is pinned."""
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "HostName": ip,
        "HostKeyAlias": address.host if address.port == 22 else f"[{address.host}]:{address.port}",
        "CheckHostIP": "no",
        "ConnectTimeout": "15",
        "ForwardAgent": "no",
        "ForwardX11": "no",
        "PermitLocalCommand": "no",
        "ProxyCommand": "none",
    }
    command = ["ssh", "-F", os.devnull, *(f"-o{name}={value}" for name, value in options.items())]
    agent = os.environ.get("SSH_AUTH_SOCK")
    return {
        "GIT_SSH_COMMAND": shlex.join(command),  # git takes one string; all that is not ours in it is a checked host
        "GIT_SSH_VARIANT": "ssh",
        **({"SSH_AUTH_SOCK": agent} if agent else {}),
    }
