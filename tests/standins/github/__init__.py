"""A stand-in of the part of GitHub's REST API that DevGem uses, over real bare repositories."""

from tests.standins.github.api import GitHubApi, serving_api

__all__ = ["GitHubApi", "serving_api"]
