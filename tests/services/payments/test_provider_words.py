"""Amounts and states: every row of the tables."""

from decimal import Decimal

import pytest

from baas.core.values import money
from baas.services.payments.providers import amounts, states
from baas.services.payments.providers.amounts import InexpressibleAmount
from baas.services.payments.schemas import PaymentStatus, RefundStatus
from tests.currencies import FACTS

WHOLE_AT_MERCADOPAGO = {"COP", "HNL", "NIO"}


@pytest.mark.parametrize("code, iso, stripe", FACTS)
class TestEveryCurrency:
    """Each row of the table."""

    def test_ours_is_iso(self, code: str, iso: int, stripe: int) -> None:
        """And Stripe's is Stripe's."""
        assert (money.exponent(code), amounts.stripe_exponent(code)) == (iso, stripe)

    def test_stripe_there_and_back(self, code: str, iso: int, stripe: int) -> None:
        """1234 major units, exactly."""
        ours = 1234 * 10**iso
        assert amounts.to_stripe(ours, code) == 1234 * 10**stripe
        assert amounts.from_stripe(1234 * 10**stripe, code) == ours

    def test_stripe_refuses_what_it_cannot_say(self, code: str, iso: int, stripe: int) -> None:
        """One minor unit more: said exactly, or refused."""
        try:
            wire = amounts.to_stripe(1234 * 10**iso + 1, code)
        except InexpressibleAmount:
            assert stripe < iso or stripe == 3
        else:
            assert Decimal(wire).scaleb(-stripe) == Decimal(1234 * 10**iso + 1).scaleb(-iso)
            assert code not in {"ISK", "UGX"} or wire % 100 == 0

    def test_mercadopago_there_and_back(self, code: str, iso: int, stripe: int) -> None:
        """Numbers and texts, whole where it wants whole ones."""
        ours = 1234 * 10**iso
        wire = amounts.to_mercadopago(ours, code)
        assert wire == 1234
        assert -int(wire.as_tuple().exponent) == (0 if code in WHOLE_AT_MERCADOPAGO else min(2, iso))
        for answer in (wire, str(wire), 1234, "1234.00"):
            assert amounts.from_mercadopago(answer, code) == ours
        if code in WHOLE_AT_MERCADOPAGO or iso > 2:
            with pytest.raises(InexpressibleAmount):
                amounts.to_mercadopago(ours + 1, code)


@pytest.mark.parametrize(
    "amount, code, wire",
    [(5, "ISK", 500), (5, "UGX", 500), (5_120, "KWD", 5_120), (500, "MGA", 5), (5, "JPY", 5)],
)
def test_the_special_ones_of_stripe(amount: int, code: str, wire: int) -> None:
    """As its page gives them."""
    assert amounts.to_stripe(amount, code) == wire


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1.005", "", "12,50", "x"])
def test_what_is_no_amount(value: str) -> None:
    """Refused, not guessed."""
    with pytest.raises(InexpressibleAmount):
        amounts.from_mercadopago(value, "ARS")


P = PaymentStatus
REJECTED = [
    f"cc_rejected_{reason}"
    for reason in [
        "3ds_challenge",
        "bad_filled_card_number",
        "bad_filled_date",
        "bad_filled_other",
        "bad_filled_security_code",
        "blacklist",
        "call_for_authorize",
        "card_disabled",
        "duplicated_payment",
        "high_risk",
        "insufficient_amount",
        "invalid_installments",
        "max_attempts",
        "other_reason",
        "time_out",
        "card_type_not_allowed",
    ]
]


@pytest.mark.parametrize(
    "status, detail, expected, in_progress",
    [
        ("pending", "pending_waiting_payment", P.PENDING, True),
        ("pending", "pending_waiting_transfer", P.PENDING, True),
        ("pending", "pending_challenge", P.PENDING, False),
        *(
            ("in_process", detail, P.PENDING, True)
            for detail in (
                "offline_process",
                "pending_contingency",
                "pending_review_manual",
                "deferred_retry",
            )
        ),
        ("authorized", "pending_capture", P.PENDING, True),
        ("approved", "accredited", P.PAID, False),
        ("approved", "partially_refunded", P.PARTIALLY_REFUNDED, False),
        *(
            ("rejected", detail, P.FAILED, False)
            for detail in (
                *REJECTED,
                "rejected_by_bank",
                "rejected_insufficient_data",
                "bank_error",
                "insufficient_amount",
            )
        ),
        *(
            ("cancelled", detail, P.CANCELLED, False)
            for detail in ("expired", "by_collector", "by_payer", "by_admin")
        ),
        ("refunded", "refunded", P.REFUNDED, False),
        ("refunded", "by_admin", P.REFUNDED, False),
        ("in_mediation", "pending", P.DISPUTED, False),
        ("charged_back", "in_process", P.DISPUTED, False),
        ("charged_back", "settled", P.REFUNDED, False),
        ("charged_back", "reimbursed", P.PAID, False),
        ("processed", "accredited", None, False),
    ],
)
def test_states_of_mercadopago(status: str, detail: str, expected: P | None, in_progress: bool) -> None:
    """Each row of the reference, and one of another product."""
    state = states.mercadopago(status, detail)
    assert (state.status, state.in_progress) == (expected, in_progress)
    if expected is P.FAILED:
        assert state.failure_code == detail
    assert state.is_charged_back == (detail == "settled")


@pytest.mark.parametrize(
    "status, error, expected, in_progress",
    [
        ("requires_payment_method", None, P.PENDING, False),
        ("requires_payment_method", "card_declined", P.FAILED, False),
        ("requires_confirmation", None, P.PENDING, False),
        ("requires_action", None, P.PENDING, False),
        ("processing", None, P.PENDING, True),
        ("requires_capture", None, P.PENDING, True),
        ("succeeded", None, P.PAID, False),
        ("canceled", None, P.CANCELLED, False),
        ("something_new", None, None, False),
    ],
)
def test_states_of_stripe(status: str, error: str | None, expected: P | None, in_progress: bool) -> None:
    """Each status of a PaymentIntent."""
    state = states.stripe_intent(status, error=error, cancellation="abandoned")
    assert (state.status, state.in_progress) == (expected, in_progress)


@pytest.mark.parametrize(
    "status, expected",
    [
        ("warning_needs_response", P.PAID),
        ("warning_under_review", P.PAID),
        ("warning_closed", P.PAID),
        ("needs_response", P.DISPUTED),
        ("under_review", P.DISPUTED),
        ("appeal_needs_response", P.DISPUTED),
        ("appeal_under_review", P.DISPUTED),
        ("won", P.PAID),
        ("prevented", P.PAID),
        ("lost", P.REFUNDED),
        ("something_new", None),
    ],
)
def test_disputes_of_stripe(status: str, expected: P | None) -> None:
    """An inquiry moves no money."""
    assert states.stripe_dispute(status).status is expected


def test_refunds() -> None:
    """Both providers."""
    words = {"pending": "pending", "requires_action": "pending", "succeeded": "succeeded", "failed": "failed"}
    for theirs, ours in {**words, "canceled": "failed"}.items():
        assert states.stripe_refund(theirs) is RefundStatus(ours)
    words = {"approved": "succeeded", "in_process": "pending", "authorized": "pending", "rejected": "failed"}
    for theirs, ours in {**words, "cancelled": "failed"}.items():
        assert states.mercadopago_refund(theirs) is RefundStatus(ours)
