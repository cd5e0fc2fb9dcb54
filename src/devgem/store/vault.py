"""Encryption at rest: AES-256-GCM, each value bound to the place that it is kept in."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from devgem.domain.errors import InvalidInput, Unavailable

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Vault:
    """Holds the key. A sealed value is `version | nonce | ciphertext and tag`; `place` (table, app, name) is
    authenticated with it, so that a row copied to another place does not open there."""

    def __init__(self, key: bytes) -> None:
        if len(key) != 32:
            raise InvalidInput("the secret key is not 32 bytes long", fix="Make one with `openssl rand -hex 32`.")
        self._cipher = AESGCM(_derive(key, b"seal"))
        self._fingerprint_key = _derive(key, b"fingerprint")

    def seal(self, text: str, *place: str) -> bytes:
        # 96 random bits: https://csrc.nist.gov/pubs/sp/800/38/d/final, section 8.2.2
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _aad(place))

    def open(self, sealed: bytes, *place: str) -> str:
        """Raises Unavailable when the key or the place is another one."""
        version, nonce, ciphertext = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            if version != _VERSION:
                raise InvalidTag
            return self._cipher.decrypt(nonce, ciphertext, _aad(place)).decode()
        except InvalidTag as error:
            raise Unavailable(
                f"a secret of {' / '.join(place)} cannot be decrypted",
                fix="Start DevGem with the DEVGEM_SECRET_KEY that it was stored with, or set the value again.",
                code="wrong_secret_key",
            ) from error

    def fingerprint(self, text: str) -> str:
        """A keyed digest: equal texts are found to be equal, but short ones cannot be guessed from it."""
        return hmac.new(self._fingerprint_key, text.encode(), hashlib.sha256).hexdigest()


def _derive(key: bytes, purpose: bytes) -> bytes:
    return hmac.new(key, b"devgem " + purpose, hashlib.sha256).digest()


def _aad(place: tuple[str, ...]) -> bytes:
    return "\0".join(place).encode()
