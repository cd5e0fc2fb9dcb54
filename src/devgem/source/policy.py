"""What may be fetched, from where, and how much of it."""

from dataclasses import dataclass

from devgem.source.location import GITHUB


@dataclass(frozen=True)
class Policy:
    """The operator's limits. `timeout_seconds` bounds a whole fetch. `github_url` is where addresses under
    https://github.com really go (GitHub Enterprise, a stand-in); being the operator's own word, it may be private."""

    allow_private_addresses: bool = False
    allow_file_urls: bool = False
    allow_http: bool = False
    allow_ssh: bool = True
    max_bytes: int = 1 << 30
    max_files: int = 100_000
    max_file_bytes: int = 256 << 20
    timeout_seconds: float = 120.0
    github_url: str = GITHUB

    def fetched_from(self, location: str) -> str:
        """Where git really fetches what is at this location."""
        inside = location.startswith(GITHUB + "/")
        return self.github_url.rstrip("/") + location.removeprefix(GITHUB) if inside else location
