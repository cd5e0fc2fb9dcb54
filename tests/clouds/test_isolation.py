import pytest

from devgem.clouds.local.isolation import Isolation, Level
from devgem.clouds.local.probe import probe, remedy

NONE = Isolation(Level.NONE, "darwin has no bubblewrap", "Run DevGem on Linux.")
BOXED = Isolation(Level.SANDBOX, "bubblewrap")


def test_without_a_sandbox_only_the_operators_own_repositories_run() -> None:
    assert NONE.check(own=True).ok
    refused = NONE.check(own=False)
    assert not refused.ok and "darwin has no bubblewrap" in refused.detail
    assert "Run DevGem on Linux." in refused.fix and "DEVGEM_ALLOW_UNSANDBOXED" in refused.fix


def test_the_operator_may_allow_the_others() -> None:
    assert NONE.check(own=False, allow_unsandboxed=True).ok


def test_in_a_sandbox_everyones_repositories_run() -> None:
    assert BOXED.check(own=False).ok and BOXED.check(own=True).ok


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        ("bwrap: setting up uid map: Permission denied", "/etc/apparmor.d/bwrap"),
        ("bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "/etc/apparmor.d/bwrap"),
        ("bwrap: No permissions to create new namespace, likely because ...", "unprivileged_userns_clone"),
        ("bwrap: Creating new namespace failed: No space left on device", "max_user_namespaces"),
        ("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "--security-opt"),
        ("bwrap: Creating new namespace failed: Operation not permitted", "--security-opt"),
        ("something new", "apt-get install bubblewrap"),
    ],
)
def test_what_bubblewrap_says_has_a_remedy(said: str, helps: str) -> None:
    assert helps in remedy(said)


async def test_the_probe_tells_what_really_works(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await probe()
    assert found.detail
    if found.level is Level.NONE:
        assert found.fix
    monkeypatch.setenv("PATH", "/nonexistent")
    missing = await probe()
    assert missing.level is Level.NONE and "apt-get install bubblewrap" in missing.fix
