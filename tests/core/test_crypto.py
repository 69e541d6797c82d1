"""Secrets at rest open only where they belong, with any key of the ring, and never show themselves."""

import secrets

import pytest

from baas.core.crypto import (
    DecryptionFailed,
    KeyRing,
    api_key_hash,
    equal,
    random_token,
)

CONTEXT = b"019a0000-0000-7000-8000-000000000001:webhook_endpoints.secret"


def key() -> bytes:
    return secrets.token_bytes(32)


def test_a_value_comes_back_under_its_own_context() -> None:
    ring = KeyRing([key()])
    token = ring.encrypt("clé secrète ☕".encode(), context=CONTEXT)
    assert "secrète".encode() not in token
    assert ring.decrypt(token, context=CONTEXT).decode() == "clé secrète ☕"


def test_the_same_value_never_looks_the_same() -> None:
    ring = KeyRing([key()])
    assert ring.encrypt(b"x", context=CONTEXT) != ring.encrypt(b"x", context=CONTEXT)


def test_a_token_moved_to_another_store_or_column_does_not_open() -> None:
    ring = KeyRing([key()])
    token = ring.encrypt(b"value", context=CONTEXT)
    for other in (
        CONTEXT.replace(b"1:", b"2:"),
        CONTEXT.replace(b".secret", b".previous_secret"),
        b"",
    ):
        with pytest.raises(DecryptionFailed):
            ring.decrypt(token, context=other)


def test_no_byte_of_a_token_can_be_changed() -> None:
    ring = KeyRing([key()])
    token = ring.encrypt(b"value", context=CONTEXT)
    for position in range(len(token)):
        changed = bytearray(token)
        changed[position] ^= 1
        with pytest.raises(DecryptionFailed):
            ring.decrypt(bytes(changed), context=CONTEXT)
    for cut in (b"", token[:10], token[:-1]):
        with pytest.raises(DecryptionFailed):
            ring.decrypt(cut, context=CONTEXT)


def test_a_new_key_in_front_encrypts_and_the_old_one_still_opens() -> None:
    old, new = key(), key()
    before = KeyRing([old]).encrypt(b"value", context=CONTEXT)
    ring = KeyRing([new, old])
    assert ring.decrypt(before, context=CONTEXT) == b"value"
    assert ring.needs_rotation(before)
    after = ring.encrypt(b"value", context=CONTEXT)
    assert not ring.needs_rotation(after)
    assert KeyRing([new]).decrypt(after, context=CONTEXT) == b"value"
    with pytest.raises(DecryptionFailed, match="not on the ring"):
        KeyRing([new]).decrypt(before, context=CONTEXT)


def test_a_value_without_a_place_is_not_encrypted() -> None:
    with pytest.raises(ValueError, match="context"):
        KeyRing([key()]).encrypt(b"value", context=b"")


@pytest.mark.parametrize("bad", [[], [b"short key"], [b"x" * 32, b"long key" * 5]])
def test_a_bad_ring_is_refused_without_showing_the_key(bad: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key") as refusal:
        KeyRing(bad)
    assert not any(text.decode() in str(refusal.value) for text in bad)


def test_a_ring_does_not_show_its_keys() -> None:
    text = key()
    ring = KeyRing([text])
    assert repr(text) not in repr(ring)
    assert repr(ring) == "<KeyRing of 1 keys>"


def test_api_keys_are_hashed_under_the_deployments_secret() -> None:
    assert len(api_key_hash(b"s", "sk_test_x")) == 32
    assert api_key_hash(b"s", "sk_test_x") == api_key_hash(b"s", "sk_test_x")
    assert api_key_hash(b"other", "sk_test_x") != api_key_hash(b"s", "sk_test_x")


def test_random_tokens_are_letters_and_digits_of_one_length() -> None:
    tokens = {random_token(24) for _ in range(200)}
    assert len(tokens) == 200
    assert {len(token) for token in tokens} == {33}
    assert all(token.isalnum() and token.isascii() for token in tokens)
    with pytest.raises(ValueError, match="at least one"):
        random_token(0)


def test_comparison_takes_texts_and_bytes() -> None:
    assert equal("añ", "añ".encode())
    assert not equal("a", "b")
