"""The official Stripe client over this process's own HTTP client: one pool, one set of limits, closed once.

Everything else of the SDK stays as it is: form encoding, versions, errors, retries with one key.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any, Final

import stripe

from baas.core.outgoing.http import OutgoingClient, OutgoingError, OutgoingTimeout
from baas.services.payments.providers.wire import MAX_BYTES, TIMEOUT, Address

RETRIES: Final = 2
"""Said explicitly: a StripeClient that is not told does not retry at all."""
KEPT_HEADERS: Final = ("request-id", "stripe-should-retry")
"""What the SDK reads of an answer's headers, beside what is always kept."""

# It tells every request at INFO and every body at DEBUG.
logging.getLogger("stripe").setLevel(max(logging.WARNING, logging.getLogger().level))


class StripeTransport(stripe.HTTPClient):
    """What the SDK sends its requests with."""

    name = "baas"

    def __init__(self, http: OutgoingClient, *, insecure: bool) -> None:
        super().__init__()
        self._http = http
        self._insecure = insecure

    def sleep_async(self, secs: float) -> Awaitable[None]:
        """The wait between two tries."""
        return asyncio.sleep(secs)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One request, as the SDK wants it: body, status, headers. Raises stripe.APIConnectionError."""
        body = post_data.encode() if isinstance(post_data, str) else post_data
        try:
            answer = await self._http.request(
                method.upper(),
                url,
                headers=headers,
                body=body,
                timeout=TIMEOUT,
                max_bytes=MAX_BYTES,
                keep=KEPT_HEADERS,
                allow_insecure=self._insecure,
            )
        except OutgoingError as error:
            # A time-out has used up the time of the whole question; everything else is tried again.
            raise _lost(str(error), again=not isinstance(error, OutgoingTimeout)) from error
        if not answer.complete:
            raise _lost("The answer was cut off.", again=True)
        return answer.body, answer.status, answer.headers


def client_of(
    http: OutgoingClient, address: Address, api_key: str, *, account: str | None
) -> stripe.StripeClient:
    """A client for one account; cheap, since the connections are not its own."""
    return stripe.StripeClient(
        api_key,
        stripe_account=account,
        base_addresses={"api": address.url},
        max_network_retries=RETRIES,
        http_client=StripeTransport(http, insecure=address.is_simulated),
    )


def _lost(message: str, *, again: bool) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(message, should_retry=again)  # type: ignore[no-untyped-call]  # the SDK's own gap
