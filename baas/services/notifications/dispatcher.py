"""Sends what is due, for as long as the process lives.

The claim takes notifications by turns between stores while there are free places; each is a task of its own,
which renders and sends without any transaction open and then records. A store has few places, one sender has
a bounded number, and a sender that fails for reasons of its own is left alone for a while and then probed with
one message. What only waits for a slow server gives its place to others. So a mail server that hangs costs its
own store's messages time, and nobody else's, also when many hang at once.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from baas.core.db import Database
from baas.core.errors import NotFound
from baas.core.scope import StoreScope
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.work.claims import Claimant
from baas.core.work.jobs import Loop
from baas.services.notifications import policy
from baas.services.notifications.channels.base import Failure, Message, SendFailed, Sent
from baas.services.notifications.rendering.renderer import Renderer
from baas.services.notifications.repository import queue
from baas.services.notifications.repository.queue import Claim, Outcome
from baas.services.notifications.senders import Sender, Senders
from baas.services.notifications.service import sending
from baas.services.notifications.service.sending import Prepared

log = structlog.get_logger(__name__)

MakeScope = Callable[[UUID, str], Awaitable[StoreScope]]
_LEAVING_SECONDS: Final = 5.0
_ERROR_LENGTH: Final = 400
_CROWDED: Final = timedelta(seconds=1)
_RECORD_WAITS: Final = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 20.0)


class _Health:
    """How a sender does, as this process sees it."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(policy.PER_SENDER)
        self.in_hand = 0
        self.failures = 0
        self.paused_until = 0.0

    def note(self, *, failed: bool) -> None:
        """Count failures in a row; from the second one on, each brings a pause, twice as long as the last."""
        if not failed:
            self.failures = 0
            self.paused_until = 0.0
            return
        self.failures += 1
        if self.failures >= policy.PAUSE_AFTER:
            pause = min(policy.PAUSE * 2 ** min(self.failures - policy.PAUSE_AFTER, 10), policy.LONGEST_PAUSE)
            self.paused_until = time.monotonic() + pause.total_seconds()

    @property
    def pause(self) -> timedelta:
        """How long to leave it alone from now; nothing when it can have one more message."""
        left = self.paused_until - time.monotonic()
        if left > 0:
            return timedelta(seconds=left)
        if self.failures >= policy.PAUSE_AFTER and self.in_hand:
            return policy.PAUSE
        # D-052
        # Waiting for one of its places would hold one that other senders can use.
        return _CROWDED if self.places.locked() else timedelta(0)

    @contextmanager
    def taken_in_hand(self) -> Iterator[None]:
        """A message of it is worked on: whoever fails is probed with one alone."""
        self.in_hand += 1
        try:
            yield
        finally:
            self.in_hand -= 1


class Dispatcher(Loop):
    """The loop that sends. Make one per worker process."""

    def __init__(
        self,
        database: Database,
        senders: Senders,
        renderer: Renderer,
        make_scope: MakeScope,
        claimant: Claimant,
    ) -> None:
        super().__init__("notifications", self.claim)
        self._database = database
        self._senders = senders
        self._renderer = renderer
        self._make_scope = make_scope
        self._claimant = claimant
        self._in_flight: dict[asyncio.Task[None], Claim] = {}
        self._busy: Counter[UUID] = Counter()
        self._health: dict[str, _Health] = {}
        self._asked: dict[UUID, float] = {}

    async def run(self) -> None:
        """Send until cancelled; then give what is in flight a moment to end."""
        try:
            await super().run()
        finally:
            if self._in_flight:
                await asyncio.wait(self._in_flight, timeout=_LEAVING_SECONDS)
            # Whether these were sent nobody knows: they come due again when this worker has said goodbye.
            unfinished = list(self._in_flight)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    async def drain_once(self) -> int:
        """Send everything that is due and fits now, and wait for it; for tests."""
        claimed = await self.claim()
        if self._in_flight:
            await asyncio.wait(self._in_flight)
        return claimed

    async def claim(self) -> int:
        """Take as many due notifications as there are free places and start sending them."""
        free = policy.TOTAL - len(self._in_flight) + self._waiting_for_slow_ones()
        if free <= 0 or not self._claimant.is_sure:
            return 0
        async with self._database.relay(reason="notifications: claim what is due") as system:
            claims = await queue.claim(
                system,
                claimant=self._claimant,
                busy=self._busy,
                per_store=policy.PER_STORE,
                free=free,
            )
        for claim in claims:
            self._busy[claim.store_id] += 1
            task = asyncio.create_task(self._send(claim))
            self._in_flight[task] = claim
            task.add_done_callback(self._ended)
        return len(claims)

    def _waiting_for_slow_ones(self) -> int:
        """How many messages do nothing here but wait for a server that is slow."""
        long_ago = time.monotonic() - policy.SLOW.total_seconds()
        return min(policy.ASIDE, sum(asked < long_ago for asked in self._asked.values()))

    def _ended(self, task: asyncio.Task[None]) -> None:
        claim = self._in_flight.pop(task)
        self._busy[claim.store_id] -= 1
        if not self._busy[claim.store_id]:
            del self._busy[claim.store_id]
        # The queue behind this one may have been waiting for its place.
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error(
                "notification.broke", notification=ids.encode(Kind.NOTIFICATION, claim.id), exc_info=error
            )

    async def _send(self, claim: Claim) -> None:
        try:
            scope = await self._make_scope(claim.store_id, f"job_{claim.id.hex}")
        except NotFound:
            return
        scope = scope.at_offset(claim.clock_offset)
        prepared = await sending.prepare(self._database, scope, claim)
        if prepared is None:
            return
        began = time.monotonic()
        sender: Sender | None = None
        try:
            sender = sending.sender_of(self._senders, scope, prepared)
            health = self._health_of(sender)
            pause = health.pause
            if pause:
                await self._postpone(scope, claim, pause)
                return
            with health.taken_in_hand():
                message = await sending.write(self._database, scope, claim, prepared, self._renderer)
                if message is None:
                    return
                if not self._claimant.holds(claim.claimed_by):
                    # This process was frozen: another one may be sending it.
                    await self._postpone(scope, claim, timedelta(0))
                    return
                began = time.monotonic()
                sent = await self._hand_over(claim, health, sender, message)
            outcome = self._sent(scope, sender, sent, began)
        except SendFailed as error:
            outcome = self._failed(scope, sender, error, prepared, began)
        except Exception as error:
            # A bug of ours must not leave a message that nobody moves.
            log.exception("notification.attempt_broke", notification=ids.encode(Kind.NOTIFICATION, claim.id))
            broken = SendFailed(f"The attempt broke: {type(error).__name__}.")
            outcome = self._failed(scope, sender, broken, prepared, began)
        await self._record(scope, claim, prepared, outcome)

    async def _hand_over(self, claim: Claim, health: _Health, sender: Sender, message: Message) -> Sent:
        async with health.places:
            self._asked[claim.id] = time.monotonic()
            try:
                async with asyncio.timeout(policy.SEND_SECONDS + 5):
                    sent = await sender.way.send(_addressed(message, sender))
            except TimeoutError:
                health.note(failed=True)
                raise SendFailed("The provider did not answer in time.", of_sender=True) from None
            except SendFailed as error:
                # A refusal of this message says that the sender works.
                health.note(failed=error.of_sender)
                raise
            finally:
                self._asked.pop(claim.id, None)
        health.note(failed=False)
        return sent

    def _health_of(self, sender: Sender) -> _Health:
        health = self._health.get(sender.key)
        if health is None:
            if len(self._health) > 10_000:
                self._health.clear()
            health = self._health[sender.key] = _Health()
        return health

    async def _postpone(self, scope: StoreScope, claim: Claim, pause: timedelta) -> None:
        async with self._database.fast(scope) as work:
            await queue.postpone(work, claim, pause)

    def _sent(self, scope: StoreScope, sender: Sender, sent: Sent, began: float) -> Outcome:
        return Outcome(
            attempt_id=ids.new_id(),
            status="sent",
            outcome="sent",
            provider=sender.way.name,
            provider_message_id=sent.provider_message_id,
            action_url=sent.action_url,
            error=None,
            wait=None,
            duration=timedelta(seconds=time.monotonic() - began),
            at=clock.now(scope),
        )

    def _failed(
        self, scope: StoreScope, sender: Sender | None, error: SendFailed, prepared: Prepared, began: float
    ) -> Outcome:
        now = clock.now(scope)
        wait = None
        if error.failure is not Failure.PERMANENT:
            wait = policy.wait_before(prepared.step + 1, error.retry_after)
        return Outcome(
            attempt_id=ids.new_id(),
            status="failed" if wait is None else "pending",
            outcome=error.failure.value,
            provider=sender.way.name if sender is not None else None,
            provider_message_id=None,
            action_url=None,
            error=str(error).encode("utf-8", "replace").decode().replace("\0", "")[:_ERROR_LENGTH],
            wait=wait,
            duration=timedelta(seconds=time.monotonic() - began),
            at=now,
        )

    async def _record(self, scope: StoreScope, claim: Claim, prepared: Prepared, outcome: Outcome) -> None:
        """Write the outcome, also when the database is away for a moment: otherwise it would be sent again."""
        for wait in (*_RECORD_WAITS, None):
            try:
                await sending.record(self._database, scope, claim, prepared, outcome)
            except Exception as error:
                if wait is None:
                    raise
                log.warning("notification.record_failed", error=repr(error)[:300])
                await asyncio.sleep(wait)
            else:
                return


def _addressed(message: Message, sender: Sender) -> Message:
    return msgspec.structs.replace(
        message, sender_name=sender.name, sender_email=sender.email, reply_to=sender.reply_to
    )
