"""Who uses DevGem: `operator`, whose machine it runs on, or `github:<numeric account id>`."""

OPERATOR = "operator"
_GITHUB = "github:"


def github_user(account: int) -> str:
    """The user that signs in with this GitHub account, whatever its login is by now."""
    return f"{_GITHUB}{account}"


def is_github_user(user: str) -> bool:
    return user.startswith(_GITHUB)
