"""Nothing is lost: workers are killed while they send over a mail server that refuses, hangs up and goes silent."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from baas.core.db import Database
from baas.core.settings import Settings
from baas.worker import Worker
from tests import commandline, deployment
from tests.clients import Shop, drain
from tests.services.notifications.mailserver import MailServer
from tests.services.notifications.steps import advance, execute, listed, send, use_smtp

MAILS = 60
KILLS = 5


class MoodyServer:
    """Stands between the workers and the mail server, and now and then does something else."""

    def __init__(self, behind: int, dice: random.Random, *, well: int = 3) -> None:
        self._behind = behind
        self._dice = dice
        self._moods = ["well"] * well + ["drops", "busy", "mid"]
        self.moods: Counter[str] = Counter()
        self.cut = 0
        self.well = False
        """From now on it is."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = "well" if self.well else self._dice.choice(self._moods)
        self.moods[mood] += 1
        try:
            if mood == "drops":
                return
            if mood == "busy":
                writer.write(b"421 too many connections\r\n")
                await writer.drain()
                return
            theirs, ours = await asyncio.open_connection("127.0.0.1", self._behind)
            # A connection is used for many mails: one that begins well ends in the middle of a later one.
            limit: int | None = (
                self._dice.randrange(500, 3000) if mood == "mid" else self._dice.randrange(3000, 9000)
            )
            if self.well:
                limit = None
            pipes = [
                asyncio.create_task(self._pipe(reader, ours, limit)),
                asyncio.create_task(self._pipe(theirs, writer, None)),
            ]
            await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
            for pipe in pipes:
                pipe.cancel()
            ours.close()
        finally:
            writer.close()

    async def _pipe(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, limit: int | None
    ) -> None:
        """Hand bytes on; with a limit, hang up in the middle."""
        handed = 0
        while data := await source.read(512):
            target.write(data)
            await target.drain()
            handed += len(data)
            if limit is not None and handed > limit:
                self.cut += 1
                return


async def _worker(settings: Settings, pem: Path) -> asyncio.subprocess.Process:
    return await commandline.start(
        "worker",
        environment=deployment.environment(
            settings, SSL_CERT_FILE=str(pem), BAAS_ALLOW_LOCAL_RECEIVERS="true"
        ),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


@pytest.mark.slow
async def test_every_mail_arrives_though_workers_are_killed_and_the_server_is_moody(
    shop: Shop, worker: Worker, settings: Settings, smtp: MailServer, database: Database, pem: Path
) -> None:
    """Each at least once, with one Message-ID; twice only when a worker died, or the line did, at the wrong moment."""
    dice = random.Random(7)
    moody = MoodyServer(smtp.port, dice)
    front = await asyncio.start_server(moody.serve, "127.0.0.1", 0)
    await use_smtp(shop, front.sockets[0].getsockname()[1])
    scope = await shop.scope(worker)
    give_back = "update notifications set claimed_until = null where store_id = $1 and status = 'pending'"
    made = {await send(shop, subject=f"mail {number}") for number in range(MAILS)}
    for _ in range(KILLS):
        process = await _worker(settings, pem)
        await asyncio.sleep(dice.uniform(1.5, 2.5))
        process.kill()
        await process.wait()
        # As if the lease had ended and the pauses were over.
        await execute(database, shop, worker, give_back, scope.store_id)
        await advance(shop, "1h")
    for turn in range(40):
        # A mail has eight attempts: before the weather turns it has had one for each kill, and two.
        moody.well = turn >= 2
        await drain(worker)
        waiting = await listed(shop, status="pending", limit=100)
        if not waiting:
            break
        await execute(database, shop, worker, give_back, scope.store_id)
        await advance(shop, "13h")
        _no_pauses(worker)
    front.close()
    lines = await listed(shop, limit=100)
    assert {line["id"] for line in lines} == made
    assert Counter(line["status"] for line in lines) == {"sent": MAILS}, [line["error"] for line in lines]
    arrived = Counter(str(mail.mail["Message-ID"]) for mail in smtp.mails)
    assert set(arrived) == {f"<{identity}@casamate.test>" for identity in made}
    assert moody.moods["drops"] + moody.moods["busy"] + moody.cut > 5
    twice = sum(count - 1 for count in arrived.values())
    assert twice <= KILLS * 4 + moody.cut
    assert len({mail.raw for mail in smtp.mails}) == MAILS


def _no_pauses(worker: Worker) -> None:
    """The pauses of a sender that fails are in real time; this test has none to wait."""
    for health in worker.loops["notifications"]._health.values():  # type: ignore[attr-defined]  # the dispatcher's
        health.note(failed=False)
