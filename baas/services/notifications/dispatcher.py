"""Sends what is due, for as long as the process lives.

The claim takes notifications by turns between stores while there are free places. Those of one store are read, rendered
and recorded together, and sent a few at a time, without any transaction open. A store has few places, one sender has
a bounded number, and a sender that fails for reasons of its own is left alone for a while and then probed with
one message. What only waits for a slow server gives its place to others. So a mail server that hangs costs its
own store's messages time, and nobody else's, also when many hang at once.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
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
from baas.services.notifications.health import Health
from baas.services.notifications.places import Places, StorePlaces
from baas.services.notifications.rendering.renderer import Renderer
from baas.services.notifications.repository import queue
from baas.services.notifications.repository.queue import Claim, Outcome
from baas.services.notifications.schemas import NotificationStatus
from baas.services.notifications.senders import Sender, Senders
from baas.services.notifications.service import sending
from baas.services.notifications.service.sending import Prepared

log = structlog.get_logger(__name__)

MakeScope = Callable[[UUID, str], Awaitable[StoreScope]]
_LEAVING_SECONDS: Final = 5.0
_ERROR_LENGTH: Final = 400
_RECORD_WAITS: Final = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0, 20.0)


_RECORD_PAUSE: Final = 0.02
"""Seconds in which outcomes of a batch gather before they are written."""


class _Hand(msgspec.Struct):
    """A message in hand: claimed, and going over this sender."""

    prepared: Prepared
    sender: Sender
    health: Health
    message: Message | None = None

    @property
    def claim(self) -> Claim:
        return self.prepared.claim


class _Batch:
    """Messages of one store that were claimed together, and what became of them so far."""

    def __init__(
        self, scope: StoreScope, places: StorePlaces, claims: Sequence[Claim], latest: float
    ) -> None:
        self.scope = scope
        self.latest = latest
        """When sending one more may begin at the latest, on `time.monotonic()`: it has to end within the lease."""
        self.places = places
        self.held = {claim.id for claim in claims}
        """Those that still have a place."""
        self.waiting: deque[_Hand] = deque()
        self.sending = 0
        self.ended: list[tuple[Prepared, Outcome]] = []
        """What is still to be recorded."""
        self.postponed: dict[Claim, timedelta] = {}
        self.news = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return not self.waiting and not self.sending


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
        super().__init__("notifications", self._claim_again)
        self._claimant = claimant
        self._database = database
        self._senders = senders
        self._renderer = renderer
        self._make_scope = make_scope
        self._in_flight: set[asyncio.Task[None]] = set()
        self._places = Places()
        self._health: dict[str, Health] = {}
        self._asked: dict[UUID, float] = {}
        self._is_leaving = False

    async def run(self) -> None:
        """Send until cancelled; then give what is in flight a moment to end, and the rest back."""
        try:
            await super().run()
        finally:
            self._is_leaving = True
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

    async def _claim_again(self) -> int:
        # What ends wakes this loop when there is room again; to look before that is in vain.
        await self.claim()
        return 0

    async def claim(self) -> int:
        """Take as many due notifications as there is room for and start sending them."""
        now = time.monotonic()
        room = self._places.ask(now, self._waiting_for_slow_ones())
        if room.free <= 0 or not self._claimant.is_sure:
            return 0
        async with self._database.relay(
            reason="notifications: claim what is due", **queue.CLAIMING
        ) as system:
            claims = await queue.claim(
                system,
                claimant=self._claimant,
                busy=room.busy,
                per_store=policy.PER_STORE,
                free=room.free,
            )
        latest = now + policy.LEASE.total_seconds() - policy.SEND_SECONDS
        by_store: dict[UUID, list[Claim]] = {}
        for claim in claims:
            by_store.setdefault(claim.store_id, []).append(claim)
        for store_id, own in by_store.items():
            places = self._places.add(store_id, len(own))
            task = asyncio.create_task(self._serve(places, own, latest))
            self._in_flight.add(task)
            task.add_done_callback(self._served)
        return len(claims)

    def _waiting_for_slow_ones(self) -> int:
        """How many messages do nothing here but wait for a server that is slow."""
        long_ago = time.monotonic() - policy.SLOW.total_seconds()
        return min(policy.ASIDE, sum(asked < long_ago for asked in self._asked.values()))

    def _served(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("notifications.broke", exc_info=error)

    async def _serve(self, places: StorePlaces, claims: Sequence[Claim], latest: float) -> None:
        """Do all that is to be done with messages of one store; where that breaks, with each alone."""
        batch: _Batch | None = None
        try:
            scope = await self._make_scope(claims[0].store_id, f"job_{claims[0].id.hex}")
            batch = _Batch(scope.at_offset(claims[0].clock_offset), places, claims, latest)
            await self._prepare(batch, claims)
        except NotFound:
            self._free(places, len(claims))
            return
        except Exception as error:
            if len(claims) == 1 or batch is None:
                # They come due again when their lease ends.
                self._free(places, len(claims))
                log.error("notifications.broke", count=len(claims), exc_info=error)
                return
            log.warning("notifications.apart", count=len(claims), error=repr(error)[:300])
            for claim in claims:
                await self._serve(places, [claim], latest)
            return
        except BaseException:
            self._free(places, len(claims))
            raise
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(policy.PER_STORE, len(batch.waiting))):
                    group.create_task(self._send(batch))
                group.create_task(self._record_as_they_end(batch))
        finally:
            self._free(places, len(batch.held))

    def _free(self, places: StorePlaces, count: int, *, sent: bool = False) -> None:
        """Give places back; the queue behind them may have been waiting for that."""
        for _ in range(count):
            if self._places.end(places, sent=sent):
                self._woken.set()

    async def _prepare(self, batch: _Batch, claims: Sequence[Claim]) -> None:
        """Read the messages, find their senders, and render them."""
        scope = batch.scope
        hands: list[_Hand] = []
        ended: list[tuple[Prepared, Outcome]] = []
        for prepared in await sending.prepare(self._database, scope, claims):
            try:
                sender = sending.sender_of(self._senders, scope, prepared)
            except SendFailed as error:
                ended.append((prepared, self._failed(scope, None, error, prepared, time.monotonic())))
                continue
            health = self._health_of(sender)
            pause = health.pause(others=health.in_hand + sum(hand.health is health for hand in hands))
            if pause:
                self._postpone(batch, prepared.claim, pause)
            else:
                hands.append(_Hand(prepared, sender, health))
        for hand in hands:
            hand.health.in_hand += 1
        began = time.monotonic()
        try:
            written = await sending.write(
                self._database, scope, [hand.prepared for hand in hands], self._renderer
            )
        finally:
            for hand in hands:
                hand.health.in_hand -= 1
        for hand, message in zip(hands, written, strict=True):
            if isinstance(message, SendFailed):
                ended.append((hand.prepared, self._failed(scope, hand.sender, message, hand.prepared, began)))
            elif message is not None:
                hand.message = _addressed(message, hand.sender)
                batch.waiting.append(hand)
        for prepared, outcome in ended:
            self._end(batch, prepared, outcome)

    async def _send(self, batch: _Batch) -> None:
        """Send what waits, one after the other."""
        while batch.waiting and not self._is_leaving:
            async with batch.places.sending:
                if not batch.waiting or self._is_leaving:
                    break
                hand = batch.waiting.popleft()
                pause = hand.health.pause(others=hand.health.in_hand)
                if pause or not self._is_ours(batch, hand.claim):
                    self._postpone(batch, hand.claim, pause)
                    continue
                batch.sending += 1
                hand.health.in_hand += 1
                try:
                    outcome = await self._attempt(batch.scope, hand)
                finally:
                    hand.health.in_hand -= 1
                    batch.sending -= 1
                self._end(batch, hand.prepared, outcome)
        batch.news.set()

    def _is_ours(self, batch: _Batch, claim: Claim) -> bool:
        """Whether nobody else may be sending it: this process may have been frozen, or the message waited for long."""
        return time.monotonic() < batch.latest and self._claimant.holds(claim.claimed_by)

    async def _attempt(self, scope: StoreScope, hand: _Hand) -> Outcome:
        began = time.monotonic()
        assert hand.message is not None
        try:
            sent = await self._hand_over(hand.claim, hand.health, hand.sender, hand.message)
        except SendFailed as error:
            return self._failed(scope, hand.sender, error, hand.prepared, began)
        except Exception as error:
            # A bug of ours must not leave a message that nobody moves.
            log.exception(
                "notification.attempt_broke", notification=ids.encode(Kind.NOTIFICATION, hand.claim.id)
            )
            broken = SendFailed(f"The attempt broke: {type(error).__name__}.")
            return self._failed(scope, hand.sender, broken, hand.prepared, began)
        return self._sent(scope, hand, sent, began)

    def _end(self, batch: _Batch, prepared: Prepared, outcome: Outcome) -> None:
        batch.ended.append((prepared, outcome))
        batch.held.discard(prepared.claim.id)
        batch.news.set()
        self._free(batch.places, 1, sent=outcome.status is NotificationStatus.SENT)

    def _postpone(self, batch: _Batch, claim: Claim, pause: timedelta) -> None:
        batch.postponed[claim] = pause
        batch.news.set()

    async def _hand_over(self, claim: Claim, health: Health, sender: Sender, message: Message) -> Sent:
        async with health.places:
            self._asked[claim.id] = time.monotonic()
            try:
                async with asyncio.timeout(policy.SEND_SECONDS + 5):
                    sent = await sender.way.send(message)
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

    def _health_of(self, sender: Sender) -> Health:
        health = self._health.get(sender.key)
        if health is None:
            if len(self._health) > 10_000:
                self._health.clear()
            health = self._health[sender.key] = Health()
        return health

    def _sent(self, scope: StoreScope, hand: _Hand, sent: Sent, began: float) -> Outcome:
        return Outcome(
            id=hand.claim.id,
            until=hand.claim.until,
            attempt_id=ids.new_id(),
            status=NotificationStatus.SENT,
            outcome=NotificationStatus.SENT.value,
            provider=hand.sender.way.name,
            provider_message_id=sent.provider_message_id,
            action_url=sent.action_url,
            error=None,
            wait=None,
            duration_ms=_milliseconds_since(began),
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
            id=prepared.claim.id,
            until=prepared.claim.until,
            attempt_id=ids.new_id(),
            status=NotificationStatus.FAILED if wait is None else NotificationStatus.PENDING,
            outcome=error.failure.value,
            provider=sender.way.name if sender is not None else None,
            provider_message_id=None,
            action_url=None,
            error=str(error).encode("utf-8", "replace").decode().replace("\0", "")[:_ERROR_LENGTH],
            wait=wait,
            duration_ms=_milliseconds_since(began),
            at=now,
        )

    async def _record_as_they_end(self, batch: _Batch) -> None:
        """Write down what became of a batch, some at a time: one that hangs keeps nobody waiting."""
        while True:
            if self._is_leaving and not batch.sending:
                while batch.waiting:
                    self._postpone(batch, batch.waiting.popleft().claim, timedelta(0))
            if batch.ended or batch.postponed:
                if not batch.is_over:
                    await asyncio.sleep(_RECORD_PAUSE)
                ended, batch.ended = batch.ended, []
                postponed, batch.postponed = batch.postponed, {}
                await self._record(batch.scope, ended)
                if postponed:
                    await sending.postpone(self._database, batch.scope, postponed)
            elif batch.is_over:
                return
            else:
                await batch.news.wait()
                batch.news.clear()

    async def _record(self, scope: StoreScope, ended: list[tuple[Prepared, Outcome]]) -> None:
        """Write outcomes, also when the database is away for a moment: otherwise they would be sent again."""
        for wait in (*_RECORD_WAITS, None):
            if not ended:
                return
            try:
                await sending.record(self._database, scope, ended)
            except Exception as error:
                if len(ended) > 1:
                    log.warning("notifications.recorded_apart", error=repr(error)[:300])
                    for one in ended:
                        await self._record(scope, [one])
                    return
                log.warning("notification.record_failed", error=repr(error)[:300])
                if wait is not None:
                    await asyncio.sleep(wait)
            else:
                return


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _addressed(message: Message, sender: Sender) -> Message:
    return msgspec.structs.replace(
        message, sender_name=sender.name, sender_email=sender.email, reply_to=sender.reply_to
    )
