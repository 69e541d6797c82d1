"""Secrets at rest: encryption with a key ring that rotates, key fingerprints, random tokens.

What a store entrusts to us (provider credentials, endpoint secrets) is encrypted with AES-256-GCM. Each
token names the key that made it, so a new key is put in front of the ring, old tokens still open, and
`renew` encrypts them again (`baas encryption renew`) before the old key is taken away.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION: Final = b"\x01"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_HEADER_BYTES: Final = len(_VERSION) + _KEY_ID_BYTES + _NONCE_BYTES
_TAG_BYTES: Final = 16
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class DecryptionFailed(Exception):
    """The token was not made by a key of this ring for this context, or it was changed.

    It means a missing key or tampering, so it is a fault of the deployment and never of the caller.
    """


def _key_id(key: bytes) -> bytes:
    """A name for a key that tells nothing about it; the label keeps it apart from every other use of SHA-256."""
    return hashlib.sha256(b"baas key id\0" + key).digest()[:_KEY_ID_BYTES]


class KeyRing:
    """Keys of the deployment: the first encrypts, all decrypt."""

    __slots__ = ("_ciphers", "_current")

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Take keys of 32 random bytes each, the newest first.

        Raises ValueError, without showing the key, when there is none or one has another length.
        """
        ciphers: dict[bytes, AESGCM] = {}
        for position, key in enumerate(keys):
            if len(key) != _KEY_BYTES:
                raise ValueError(
                    f"Encryption key number {position + 1} has {len(key)} bytes, not {_KEY_BYTES}."
                )
            ciphers.setdefault(_key_id(key), AESGCM(key))
        if not ciphers:
            raise ValueError("At least one encryption key is needed.")
        self._ciphers = ciphers
        self._current = next(iter(ciphers))

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._ciphers)} keys>"

    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """A token that opens only with the same context.

        The context says where the value lives (`b"<store id>:<column>"`), so a token copied to another
        store's row, or to another column, does not decrypt there. Empty contexts are refused.
        """
        if not context:
            raise ValueError("A token needs a context that ties it to its place.")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        header = _VERSION + self._current + nonce
        return header + self._ciphers[self._current].encrypt(nonce, plaintext, header + context)

    def decrypt(self, token: bytes, *, context: bytes) -> bytes:
        """The plaintext of a token. Raises DecryptionFailed when key, context or bytes do not fit."""
        if len(token) < _HEADER_BYTES + _TAG_BYTES or token[:1] != _VERSION:
            raise DecryptionFailed("This is no encrypted value of this application.")
        header = token[:_HEADER_BYTES]
        cipher = self._ciphers.get(self._id_of(token))
        if cipher is None:
            raise DecryptionFailed("The key that encrypted this value is not on the ring.")
        try:
            return cipher.decrypt(header[-_NONCE_BYTES:], token[_HEADER_BYTES:], header + context)
        except InvalidTag:
            raise DecryptionFailed("The value was changed, or belongs to another place.") from None

    def needs_rotation(self, token: bytes) -> bool:
        """Whether a token was made by another key than the present one."""
        return self._id_of(token) != self._current

    def renew(self, tokens: Mapping[str, tuple[bytes | None, bytes]]) -> dict[str, bytes]:
        """Of some columns (name -> token and context), those that another key made, encrypted by the present one.

        Raises DecryptionFailed when the key that made one is not on the ring.
        """
        return {
            name: self.encrypt(self.decrypt(token, context=context), context=context)
            for name, (token, context) in tokens.items()
            if token and self.needs_rotation(token)
        }

    @staticmethod
    def _id_of(token: bytes) -> bytes:
        return token[len(_VERSION) : len(_VERSION) + _KEY_ID_BYTES]


def api_key_hash(secret: bytes, key: str) -> bytes:
    """What is stored of an API key: 32 bytes of HMAC-SHA256 under the deployment's secret."""
    return hmac.digest(secret, key.encode(), "sha256")


def random_token(nbytes: int = 24) -> str:
    """A random text of letters and digits that carries at least `nbytes` bytes of entropy.

    The length depends on `nbytes` alone, so it says nothing about the value.
    """
    if nbytes < 1:
        raise ValueError("A token needs at least one byte.")
    length = 1
    while 62**length < 256**nbytes:
        length += 1
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def equal(left: str | bytes, right: str | bytes) -> bool:
    """Whether two secrets are the same, in a time that does not tell how much of them agrees."""
    return hmac.compare_digest(
        left.encode() if isinstance(left, str) else left,
        right.encode() if isinstance(right, str) else right,
    )
