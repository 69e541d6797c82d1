"""One connection serves many mails, and whatever a server does with it, each mail is sent once or known not to be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from baas.services.notifications.channels import smtp_connections
from baas.services.notifications.channels.base import Failure, Message, SendFailed
from baas.services.notifications.channels.smtp import Server, Smtp
from baas.services.notifications.channels.smtp_connections import Connections
from tests.services.notifications.mailserver import bad_server


@dataclass
class Scripted:
    """A server that answers as it is told, and notes what was said to it and when several commands came together."""

    pipelining: bool = True
    answers: dict[str, list[str]] = field(default_factory=dict)
    """By command, the next answers; `250 ok` (`354 go on` to DATA) when there is none left. `hang up` does that."""
    connections: int = 0
    mails: list[bytes] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    together: int = 0

    def _answer(self, command: str, otherwise: str = "250 ok") -> str:
        left = self.answers.get(command, [])
        return left.pop(0) if left else otherwise

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            command = line.decode().split(":")[0].split()[0]
            self.said.append(command)
            self.together += bool(reader._buffer)  # type: ignore[attr-defined]  # how much came at once
            if command == "EHLO":
                extensions = (
                    "250-here\r\n250-PIPELINING\r\n250 SIZE 9999999" if self.pipelining else "250 here"
                )
                writer.write(extensions.encode() + b"\r\n")
                continue
            answer = self._answer(command, "354 go on" if command == "DATA" else "250 ok")
            if answer == "hang up":
                return
            writer.write(answer.encode() + b"\r\n")
            if command == "QUIT":
                return
            if command == "DATA" and answer.startswith("354"):
                mail = b""
                while (line := await reader.readline()) not in {b".\r\n", b""}:
                    mail += line.removeprefix(b".")
                if not line:
                    return
                answer = self._answer(".")
                if answer == "hang up":
                    self.mails.append(mail)
                    return
                if answer.startswith("250"):
                    self.mails.append(mail)
                writer.write(answer.encode() + b"\r\n")


@pytest.fixture
async def connections() -> AsyncIterator[Connections]:
    """Closed when the test ends."""
    made = Connections()
    yield made
    made.close()


async def send(connections: Connections, port: int, number: int = 0, to: str = "ana@example.com") -> None:
    server = Server(host="127.0.0.1", port=port, security=None, username=None, password=None, trusted=True)
    message = Message(
        id=f"ntf_{number}", round=0, to=to, subject="s", html=None, body=f".mail {number}\n.", sender_email="a@b.test"
    )  # fmt: skip
    await Smtp(server, connections).send(message)


@pytest.mark.parametrize("pipelining", [True, False])
async def test_many_mails_share_a_connection(connections: Connections, pipelining: bool) -> None:
    """Where the server allows it, the commands before a mail are sent together; else one waits for the other."""
    server = Scripted(pipelining=pipelining)
    async with bad_server(server.serve) as port:
        for number in range(5):
            await send(connections, port, number)
    assert server.connections == 1
    assert [f".mail {number}".encode() in mail for number, mail in enumerate(server.mails)] == [True] * 5
    assert bool(server.together) == pipelining
    assert server.said.count("EHLO") == 1


async def test_a_connection_is_not_used_for_ever(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor kept long when nobody needs it."""
    monkeypatch.setattr(smtp_connections, "MAILS", 2)
    monkeypatch.setattr(smtp_connections, "KEPT_SECONDS", 0.05)
    server = Scripted()
    async with bad_server(server.serve) as port:
        for number in range(3):
            await send(connections, port, number)
        assert server.connections == 2
        await asyncio.sleep(0.3)
        assert server.said.count("QUIT") == 2
        await send(connections, port, 3)
    assert server.connections == 3
    assert len(server.mails) == 4


@pytest.mark.parametrize("answer", ["hang up", "421 I was idle"])
async def test_a_connection_that_was_closed_meanwhile_costs_no_mail_an_attempt(
    connections: Connections, answer: str
) -> None:
    """Nothing of the mail was said, so it goes over a new one at once."""
    server = Scripted()
    async with bad_server(server.serve) as port:
        await send(connections, port, 0)
        server.answers["MAIL"] = [answer]
        await send(connections, port, 1)
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_a_new_connection_that_is_closed_at_once_is_told(connections: Connections) -> None:
    """There is no end of new ones otherwise."""
    server = Scripted(answers={"MAIL": ["hang up"] * 3})
    async with bad_server(server.serve) as port:
        with pytest.raises(SendFailed, match="closed the connection"):
            await send(connections, port)
    assert server.connections == 1


async def test_a_mail_whose_fate_nobody_knows_is_not_sent_again_by_itself(connections: Connections) -> None:
    """The server may have taken it: the next attempt is the queue's, with the same Message-ID."""
    server = Scripted()
    async with bad_server(server.serve) as port:
        await send(connections, port, 0)
        server.answers["."] = ["hang up"]
        with pytest.raises(SendFailed) as failed:
            await send(connections, port, 1)
    assert failed.value.failure is Failure.TEMPORARY
    assert (server.connections, len(server.mails)) == (1, 2)


@pytest.mark.parametrize(
    "answers, failure",
    [
        ({"RCPT": ["550 nobody"], "DATA": ["503 no recipient"]}, Failure.PERMANENT),
        ({"RCPT": ["451 later"], "DATA": ["354 go on"]}, Failure.TEMPORARY),
        ({"MAIL": ["550 not you"], "RCPT": ["503 no sender"], "DATA": ["503 no sender"]}, Failure.PERMANENT),
        ({"DATA": ["452 disk full"]}, Failure.TEMPORARY),
        ({".": ["554 spam"]}, Failure.PERMANENT),
    ],
)
@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_refusal_concerns_its_own_mail_alone(
    connections: Connections, pipelining: bool, answers: dict[str, list[str]], failure: Failure
) -> None:
    """The next one goes, over the same connection or another, and nothing of the refused one is in it."""
    server = Scripted(pipelining=pipelining)
    async with bad_server(server.serve) as port:
        await send(connections, port, 0)
        server.answers = {command: list(some) for command, some in answers.items()}
        with pytest.raises(SendFailed) as failed:
            await send(connections, port, 1)
        assert failed.value.failure is failure
        server.answers = {}
        await send(connections, port, 2)
    assert [b"mail 0" in server.mails[0], b"mail 2" in server.mails[1], len(server.mails)] == [True, True, 2]


async def test_a_server_that_talks_out_of_turn_is_left(connections: Connections) -> None:
    """What nobody asked for would be taken for the answer to the next command."""
    server = Scripted(answers={".": ["250 ok\r\n550 and another thing"]})
    async with bad_server(server.serve) as port:
        await send(connections, port, 0)
        await asyncio.sleep(0.05)
        await send(connections, port, 1)
    assert (server.connections, len(server.mails)) == (2, 2)


async def test_whoever_waits_no_longer_leaves_the_connection(connections: Connections) -> None:
    """The answer that comes late is nobody's."""
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if line.startswith(b"EHLO"):
                writer.write(b"250 here\r\n")
            else:
                asked.set()

    async with bad_server(silent) as port:
        sending = asyncio.create_task(send(connections, port))
        await asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not connections._idle
