"""Our signatures are Standard Webhooks: the public vectors and the public verifiers agree."""

import base64
import time

import pytest
import standardwebhooks
import svix.webhooks

from baas.webhooks.signing import headers, new_secret, secret_key, sign

FIRST = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
ROTATED = "whsec_ZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8fX5/gIGCg4Q="
ID = "msg_2fQxk7example01"
SECOND = 1767225600
PAID = (
    b'{"type":"order.paid","timestamp":"2026-01-01T00:00:00Z",'
    b'"data":{"id":"ord_1001","total":{"amount":129900,"currency":"ARS"}}}'
)
UPDATED = '{"type":"product.updated","timestamp":"2026-01-01T00:00:00Z","data":{"name":"Caña ☕"}}'.encode()


@pytest.mark.parametrize(
    "secret, body, signature",
    [
        (FIRST, PAID, "v1,GzAQY2Ns/sOWRTifWB72utHmtWEKvmdAtGWvyqotwOo="),
        (ROTATED, PAID, "v1,mz2VD1sHJl39uLsc6lvrgvR52wkNM3e9YuC+cF7vfHQ="),
        (FIRST, UPDATED, "v1,QCLZNP7EPwUeq/L9Q5M8d5dJCdHta9t+UnvewdRBHAM="),
    ],
)
def test_the_public_vectors(secret: str, body: bytes, signature: str) -> None:
    assert sign([secret_key(secret)], ID, SECOND, body) == signature


def test_the_key_is_what_the_base64_says() -> None:
    assert secret_key(FIRST) == bytes(range(1, 33))
    assert secret_key(FIRST.removeprefix("whsec_").rstrip("=")) == bytes(range(1, 33))
    for bad in ("whsec_", "", "whsec_!!"):
        with pytest.raises(ValueError, match="secret"):
            secret_key(bad)


def test_a_new_secret_has_32_random_bytes() -> None:
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert new_secret() != secret


def test_two_secrets_sign_with_one_space_between() -> None:
    both = sign([secret_key(FIRST), secret_key(ROTATED)], ID, SECOND, PAID)
    assert both == (
        "v1,GzAQY2Ns/sOWRTifWB72utHmtWEKvmdAtGWvyqotwOo= v1,mz2VD1sHJl39uLsc6lvrgvR52wkNM3e9YuC+cF7vfHQ="
    )


def test_an_id_with_a_dot_is_refused() -> None:
    with pytest.raises(ValueError, match="dot"):
        sign([b"key"], "evt.1", SECOND, PAID)


@pytest.mark.parametrize("verifier", [standardwebhooks.Webhook, svix.webhooks.Webhook])
@pytest.mark.parametrize("body", [PAID, UPDATED])
def test_the_public_verifiers_accept_us_also_in_the_middle_of_a_rotation(verifier: type, body: bytes) -> None:
    old, new, stranger = new_secret(), new_secret(), new_secret()
    sent = headers([secret_key(new), secret_key(old)], ID, int(time.time()), body)
    for secret in (old, new):
        verifier(secret).verify(body, sent)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier(stranger).verify(body, sent)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier(new).verify(body.replace(b"type", b"typo"), sent)
    stale = headers([secret_key(new)], ID, int(time.time()) - 301, body)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verifier(new).verify(body, stale)
