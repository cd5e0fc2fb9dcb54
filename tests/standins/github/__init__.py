"""A stand-in of the part of GitHub that DevGem uses: OAuth, REST, webhooks and git, over real bare repositories.

As https://docs.github.com/en/rest and https://docs.github.com/en/apps/oauth-apps say: who may, what must be there, what
is answered. One loopback address is everything: the website, the API (at `/` and, as GitHub Enterprise has it, at
`/api/v3`) and git.
"""

from tests.standins.github.faults import Faults
from tests.standins.github.model import Account, OAuthApp, Repo
from tests.standins.github.server import GitHubApi, serving_api
from tests.standins.github.webhooks import pull_request_payload, push_payload

__all__ = [
    "Account",
    "Faults",
    "GitHubApi",
    "OAuthApp",
    "Repo",
    "pull_request_payload",
    "push_payload",
    "serving_api",
]
