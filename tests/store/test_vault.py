"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devgem.domain.errors import InvalidInput, Unavailable
from devgem.store import Vault

VAULT = Vault(b"k" * 32)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_sealed_text_opens_in_its_place_only(text: str) -> None:
    sealed = VAULT.seal(text, "config_vars", "hello", "TOKEN")
    assert VAULT.open(sealed, "config_vars", "hello", "TOKEN") == text
    with pytest.raises(Unavailable):
        VAULT.open(sealed, "config_vars", "other", "TOKEN")


def test_one_text_is_sealed_differently_every_time() -> None:
    assert VAULT.seal("x", "a") != VAULT.seal("x", "a")


@pytest.mark.parametrize("position", [0, 1, 12, 13, -1])
def test_a_sealed_text_that_was_changed_does_not_open(position: int) -> None:
    sealed = bytearray(VAULT.seal("secret", "a"))
    sealed[position] ^= 1
    with pytest.raises(Unavailable):
        VAULT.open(bytes(sealed), "a")


def test_fingerprints_are_equal_for_equal_texts_under_one_key() -> None:
    assert VAULT.fingerprint("a") == VAULT.fingerprint("a")
    assert VAULT.fingerprint("a") != VAULT.fingerprint("b")
    assert VAULT.fingerprint("a") != Vault(b"x" * 32).fingerprint("a")


def test_a_key_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="32 bytes"):
        Vault(b"short")
