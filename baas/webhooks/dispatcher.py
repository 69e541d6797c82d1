"""Sends what is due, for as long as the process lives.

Three things run side by side: the claim takes deliveries while there are free places, and a few ahead of them
where receivers are quick; senders, a task for each place that is taken, send without any transaction open and go
on with whatever may be sent next; and the recorder writes outcomes in batches, as many as have come in while it
wrote the last one. Who may send is `places`' matter: a receiver that hangs holds the few places of its endpoint and nobody else's.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from baas.core.crypto import DecryptionFailed, KeyRing
from baas.core.db import Database
from baas.core.observe import metrics
from baas.core.outgoing.http import OutgoingClient, OutgoingError, OutgoingResponse, OutgoingTimeout
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.claims import Claimant, elapsed
from baas.core.work.jobs import TICK, Loop
from baas.webhooks import policy, signing
from baas.webhooks.places import Places
from baas.webhooks.policy import Limits
from baas.webhooks.repository import outcomes, queue
from baas.webhooks.repository.outcomes import Outcome
from baas.webhooks.repository.queue import Claim
from baas.webhooks.schemas.outbound import DeliveryStatus, DisabledReason
from baas.webhooks.secrets import keys_of

log = structlog.get_logger(__name__)

GiveUp = Callable[[UUID, UUID, DisabledReason], Awaitable[None]]
"""Disables an endpoint of a store for a reason, in a transaction of that store."""

_METRIC: Final = {
    status: metrics.deliveries.labels(word)
    for status, word in (
        (DeliveryStatus.DELIVERED, "delivered"),
        (DeliveryStatus.PENDING, "retried"),
        (DeliveryStatus.FAILED, "given_up"),
    )
}
_EVENT_GONE: Final = "The event is older than the log keeps."
_LEAVING_SECONDS: Final = 5.0
_RECORD_BATCH: Final = 1000
_RECORD_PAUSE: Final = 0.004
"""Seconds in which outcomes gather: a transaction for a few of them costs nearly as much as one for many."""
# D-058: so that the database's answers do not wait for the beginnings of all.
_STARTS: Final = 16
_LATEST: Final = policy.LATEST_SECONDS
"""Less than this many seconds before the end of its lease, a delivery is not sent any more: it could be claimed while it is."""
_MAX_KEYS: Final = 2000
_ERROR_LENGTH: Final = 300


class Dispatcher(Loop):
    """The loop that delivers. Make one per worker process."""

    def __init__(
        self,
        database: Database,
        http: OutgoingClient,
        keyring: KeyRing,
        give_up: GiveUp,
        claimant: Claimant,
        *,
        limits: Limits | None = None,
        patience: float = _LEAVING_SECONDS,
    ) -> None:
        """`patience` is how many seconds requests in flight may take to end when the process leaves."""
        super().__init__(policy.LOOP, self.claim)
        self._database = database
        self._http = http
        self._keyring = keyring
        self._give_up = give_up
        self._claimant = claimant
        self._places = Places(limits or Limits())
        self._patience = patience
        self._finished = asyncio.Event()
        self._in_flight: dict[asyncio.Task[None], Claim] = {}
        self._keys: dict[tuple[UUID, bytes, bytes | None], list[bytes]] = {}
        self._outcomes: list[Outcome] = []
        self._unsent: list[Claim] = []
        """To be given back."""
        self._starting = False
        self._continued = 0
        """Deliveries that senders went on with in this turn of the event loop."""
        self._leaving = False

    @property
    def in_flight(self) -> int:
        """Requests that are being sent at this moment."""
        return len(self._in_flight)

    async def run(self) -> None:
        """Deliver until cancelled; then give requests in flight a moment to end, and the rest back."""
        recorder = asyncio.create_task(self._record_forever(), name="webhooks.record")
        failures = 0
        try:
            while True:
                self._woken.clear()
                try:
                    await self.claim()
                    failures = 0
                    wait = TICK
                except Exception as error:
                    failures += 1
                    wait = min(0.1 * 2**failures, 5.0)
                    log.warning("webhooks.claim_failed", failures=failures, error=repr(error)[:300])
                await self._sleep(wait)
        finally:
            await self._leave(recorder)

    async def drain_once(self) -> int:
        """Send everything that is due and fits now, wait for the answers, record them; for tests."""
        claimed = await self.claim()
        while self._in_flight or self._starting:
            await asyncio.wait(self._in_flight) if self._in_flight else await asyncio.sleep(0)
        while self._outcomes or self._unsent:
            await self._record(again=False)
        return claimed

    async def claim(self) -> int:
        """Take as many due deliveries as there are free places, and those ahead of them, and start sending."""
        held = self._places.ask(time.monotonic())
        if held.free <= 0 or not self._claimant.is_sure:
            return 0
        async with self._database.relay(reason="webhooks: claim due deliveries", **queue.CLAIMING) as system:
            claims = await queue.claim(system, claimant=self._claimant, limits=self._places.limits, held=held)
        self.take(claims)
        return len(claims)

    def take(self, claims: list[Claim]) -> None:
        """Send what was claimed, as places come free."""
        self._places.add(claims)
        self._start_soon()

    def _start_soon(self) -> None:
        if not self._starting:
            self._starting = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        """Send what has a place, a few in one turn of the event loop: with all at once, whoever talks to the database
        would wait for all of them at each answer.
        """
        self._starting = False
        room, self._continued = _STARTS - self._continued, 0
        for _ in range(room):
            claim = self._next()
            if claim is None:
                return
            task = asyncio.create_task(self._send(claim))
            task.add_done_callback(self._in_flight.pop)
            self._in_flight[task] = claim
        self._start_soon()

    def _next(self) -> Claim | None:
        """The delivery that is sent next, if one may be; those that have waited too long for it are given back.

        So are those that another process may be sending: this one was frozen, and the others took it for dead.
        """
        while (claim := self._places.next()) is not None:
            if elapsed() + _LATEST < claim.ends and self._claimant.holds(claim.claimed_by):
                return claim
            self._places.unused(claim)
            self._give_back([claim])
        return None

    def _give_back(self, claims: list[Claim]) -> None:
        if claims:
            self._unsent += claims
            self._finished.set()

    async def _send(self, first: Claim) -> None:
        """Send a delivery and those that get its place: a task for each would cost as much as signing them."""
        task = asyncio.current_task()
        assert task is not None
        claim: Claim | None = first
        while claim is not None:
            self._in_flight[task] = claim
            try:
                outcome = await self._attempt(claim)
            except Exception as error:
                # A bug of ours must not leave a delivery that nobody moves.
                log.exception("webhooks.attempt_broke", delivery=ids.encode(Kind.DELIVERY, claim.id))
                outcome = _outcome(claim, None, f"The attempt broke: {type(error).__name__}.")
            claim = self._go_on(outcome)

    def _go_on(self, outcome: Outcome) -> Claim | None:
        """Note what came of a delivery. Answers the one to send after it, unless this turn has begun enough."""
        self._outcomes.append(outcome)
        self._finished.set()
        succeeded = outcome.succeeded
        if self._places.end(outcome.claim, succeeded=succeeded):
            self._woken.set()
        if not succeeded:
            self._give_back(self._places.take_back(outcome.claim.endpoint_id))
        self._start_soon()
        if self._continued >= _STARTS:
            return None
        self._continued += 1
        return self._next()

    async def _attempt(self, claim: Claim) -> Outcome:
        if claim.body is None:
            return _outcome(claim, None, _EVENT_GONE, final=True)
        body = claim.body.encode()
        now = clock.now()
        try:
            keys = self._keys_of(claim, now + claim.clock_offset)
        except DecryptionFailed as error:
            log.error("webhooks.secret_unreadable", endpoint=ids.encode(Kind.ENDPOINT, claim.endpoint_id))
            return _outcome(claim, None, f"The endpoint's secret cannot be read: {error}")
        # D-025
        # Receivers compare the timestamp with their own clock, so it is the real one, also in test stores.
        headers = signing.headers(keys, ids.encode(Kind.EVENT, claim.event_id), int(now.timestamp()), body)
        headers["content-type"] = "application/json"
        try:
            answer = await self._http.request(
                "POST",
                claim.url,
                headers=headers,
                body=body,
                timeout=policy.TIMEOUT_SECONDS,
                max_bytes=policy.EXCERPT_BYTES,
                allow_insecure=claim.is_test,
            )
        except OutgoingError as error:
            duration = clock.now() - now
            return _outcome(
                claim, None, str(error), timed_out=isinstance(error, OutgoingTimeout), duration=duration
            )
        if policy.is_success(answer.status):
            return _outcome(claim, answer, None)
        return _outcome(claim, answer, f"The receiver answered {answer.status}.")

    def _keys_of(self, claim: Claim, now: datetime) -> list[bytes]:
        """The keys that sign, remembered: decrypting them costs more than signing. Raises DecryptionFailed."""
        ends_at = claim.previous_secret_ends_at
        previous = claim.previous_secret if ends_at is not None and now < ends_at else None
        name = (claim.store_id, claim.secret, previous)
        keys = self._keys.get(name)
        if keys is None:
            if len(self._keys) >= _MAX_KEYS:
                self._keys.clear()
            keys = self._keys[name] = keys_of(self._keyring, claim, now)
        return keys

    async def _record_forever(self) -> None:
        failures = 0
        while self._outcomes or self._unsent or not self._leaving:
            if not self._outcomes and not self._unsent:
                await self._finished.wait()
                self._finished.clear()
                continue
            if self._in_flight and not any(outcome.claim.ordered for outcome in self._outcomes):
                # The next event of a subject may be waiting for an ordered one; nobody waits for the others.
                await asyncio.sleep(_RECORD_PAUSE)
            try:
                await self._record(again=failures > 0)
                failures = 0
            except Exception as error:
                # The outcomes stay and are written when the database is back; if that takes longer than the
                # lease, another attempt is made meanwhile: at least once, never none.
                failures += 1
                log.warning("webhooks.record_failed", failures=failures, error=repr(error)[:300])
                await asyncio.sleep(min(0.1 * 2**failures, 2.0))

    async def _record(self, *, again: bool) -> None:
        batch, unsent = self._outcomes[:_RECORD_BATCH], self._unsent[:]
        async with self._database.relay(
            reason="webhooks: record what receivers answered", **outcomes.RECORDING
        ) as system:
            failing = (
                await outcomes.record(system, batch, claimant=self._claimant, again=again) if batch else []
            )
            if unsent:
                await queue.release(system, unsent)
        del self._outcomes[: len(batch)]
        del self._unsent[: len(unsent)]
        for outcome in batch:
            _METRIC[outcome.status].inc()
            metrics.delivery_seconds.observe(outcome.duration_ms / 1000)
        unsteady = self._places.limits.unsteady
        if any(
            outcome.claim.ordered or self._places.held_of(outcome.claim.endpoint_id) < unsteady
            for outcome in batch
        ):
            # What waited for these is due now. Where much is under way, what ends next asks for more itself.
            self._woken.set()
        lost = {
            (endpoint.store_id, endpoint.id): DisabledReason.FAILED
            for endpoint in failing
            if endpoint.at - endpoint.failing_since >= policy.GIVE_UP_AFTER
        }
        lost |= {
            (outcome.claim.store_id, outcome.claim.endpoint_id): DisabledReason.GONE
            for outcome in batch
            if outcome.response_status == policy.GONE
        }
        for (store_id, endpoint_id), reason in lost.items():
            try:
                await self._give_up(store_id, endpoint_id, reason)
            except Exception:
                # The next failure of the endpoint brings us here again.
                log.exception("webhooks.give_up_failed", endpoint=ids.encode(Kind.ENDPOINT, endpoint_id))

    async def _leave(self, recorder: asyncio.Task[None]) -> None:
        """Let what is in flight end, write what ended, give the rest back."""
        self._give_back(self._places.take_all_back())
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=self._patience)
        unfinished = dict(self._in_flight)
        for task in unfinished:
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)
        self._give_back(list(unfinished.values()))
        self._leaving = True
        self._finished.set()
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                await recorder
        except Exception as error:
            log.warning("webhooks.left_claims", claims=len(unfinished), error=repr(error)[:300])


def _outcome(
    claim: Claim,
    answer: OutgoingResponse | None,
    error: str | None,
    *,
    timed_out: bool = False,
    final: bool = False,
    duration: timedelta = timedelta(0),
) -> Outcome:
    """What an attempt means for its delivery: delivered, to be tried again, or given up."""
    now = clock.now()
    at = now + claim.clock_offset
    status, wait = DeliveryStatus.DELIVERED, None
    if error is not None:
        code = answer.status if answer is not None else None
        retry_after = answer.headers.get("retry-after") if answer is not None else None
        wait = policy.wait_before(
            claim.step + 1,
            status=code,
            timed_out=timed_out,
            retry_after=policy.parse_retry_after(retry_after, now),
        )
        if final or code == policy.GONE:
            wait = None
        status = DeliveryStatus.FAILED if wait is None else DeliveryStatus.PENDING
    return Outcome(
        claim=claim,
        attempt_id=ids.new_id(),
        status=status,
        at=at,
        wait=wait,
        response_status=answer.status if answer is not None else None,
        response_body=policy.excerpt(answer.body) if answer is not None and answer.body else None,
        duration_ms=answer.duration_ms if answer is not None else round(duration / timedelta(milliseconds=1)),
        error=error.encode("utf-8", "replace").decode()[:_ERROR_LENGTH] if error is not None else None,
    )
