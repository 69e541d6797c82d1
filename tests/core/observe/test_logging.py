"""Logs say what happened and to which ids, in one form, and never repeat a secret."""

import contextlib
import io
import json
import logging
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from baas.core.observe.logging import (
    GRANIAN_LOG_CONFIG,
    _context,
    bind_request,
    configure_logging,
    configure_sentry,
    report_exception,
)
from baas.core.observe.redact import MASK, is_secret, redact, redact_text

# Put together at run time, so that no scanner takes them for real ones.
SECRETS = [
    "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "pk_" + "test_TYooMQauvdEDq54NiTphI7jx",
    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "APP_" + "USR-1234567890123456-112233-abcdef0123456789",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
]

HUNTER = "hunter" + str(2)
ANA = "ana@" + "example.com"
# Put together, so that they are not in the lines of source that Sentry shows.


class Lines:
    """What was written to standard output."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self._text = ""

    @property
    def text(self) -> str:
        self._text += self._capsys.readouterr().out
        return self._text

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.all[-1]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Logging as in production; everything is put back afterwards."""
    root, manager = logging.root, logging.root.manager
    handlers, level, show = list(root.handlers), root.level, warnings.showwarning
    levels = {
        name: logger.level
        for name, logger in manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    before = structlog.get_config()
    configure_logging("INFO", json=True)
    yield Lines(capsys)
    logging.captureWarnings(False)
    warnings.showwarning = show
    root.handlers[:], root.level = handlers, level
    for name, number in levels.items():
        logging.getLogger(name).setLevel(number)
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


@contextlib.contextmanager
def in_request(request_id: str, store_id: uuid.UUID | None) -> Iterator[None]:
    before = _context.set(None)
    bind_request(request_id, store_id)
    try:
        yield
    finally:
        _context.reset(before)


class TestLines:
    def test_one_object_per_line(self, lines: Lines) -> None:
        structlog.get_logger().info("order.placed", order_id="ord_1", number=1001)
        line = lines.last
        assert line.pop("timestamp").endswith("Z")
        assert line == {"level": "info", "event": "order.placed", "order_id": "ord_1", "number": 1001}

    def test_the_request_and_its_store_are_on_every_line(self, lines: Lines) -> None:
        store = uuid.uuid4()
        with in_request("req_7", store):
            structlog.contextvars.bind_contextvars(job="relay")
            structlog.get_logger().info("a.b")
            logging.getLogger("library").warning("said %s", "something")
        for line in lines.all:
            assert (line["request_id"], line["store_id"], line["job"]) == ("req_7", str(store), "relay")

    def test_below_the_level_nothing_is_written(self, lines: Lines) -> None:
        structlog.get_logger().debug("cache.hit", number=1)
        assert not lines.text

    def test_libraries_come_through_the_same_pipeline(self, lines: Lines) -> None:
        for name in ("litestar", "_granian", "arq.worker", "sqlalchemy.engine", "aiohttp.client"):
            logging.getLogger(name).error("failed for %s", "ana@example.com")
        assert [line["logger"] for line in lines.all] == [
            *("litestar", "_granian", "arq.worker", "sqlalchemy.engine", "aiohttp.client")
        ]
        assert {line["event"] for line in lines.all} == {"failed for [mail]"}
        logging.getLogger("sqlalchemy.engine").info("select 1")
        assert "select 1" not in lines.text

    def test_what_a_library_brought_along_does_not_write_twice(self, lines: Lines) -> None:
        logger = logging.getLogger("brought.handlers")
        other = io.StringIO()
        logger.addHandler(logging.StreamHandler(other))
        logger.propagate = False
        configure_logging("INFO", json=True)
        logger.warning("once")
        assert lines.text.count("once") == 1
        assert not other.getvalue()

    def test_granian_sets_up_its_loggers_after_us_and_still_writes_here(self, lines: Lines) -> None:
        from granian.log import LogLevels
        from granian.log import configure_logging as granian_configures

        granian_configures(LogLevels.info, GRANIAN_LOG_CONFIG)
        logging.getLogger("_granian").info("Started worker")
        assert lines.last["event"] == "Started worker"
        assert len(lines.all) == 1

    def test_a_wrong_format_is_reported_without_its_arguments(self, lines: Lines) -> None:
        configure_logging("INFO", json=True)  # again: pytest's own handler would raise
        logging.getLogger("library").warning("%d orders", "hunter2")
        assert lines.last["event"] == "log.failed"
        assert "hunter2" not in lines.text

    @pytest.mark.parametrize(
        "value",
        [
            "\ud800",
            "\0",
            "two\nlines",
            10**40,
            float("nan"),
            object(),
            {1: {2: 3}},
            b"\xff",
            {1, 2},
            uuid.uuid4(),
        ],
    )
    def test_no_value_breaks_a_line(self, lines: Lines, value: object) -> None:
        structlog.get_logger().info("odd.value", value=value)
        assert lines.last["event"] == "odd.value"

    def test_what_cannot_be_shown_still_does_not_break_it(self, lines: Lines) -> None:
        class Broken:
            def __repr__(self) -> str:
                raise RuntimeError("no")

        loop: dict[str, Any] = {}
        loop["self"] = loop
        structlog.get_logger().info("odd.value", broken=Broken(), loop=loop)
        assert lines.last["broken"] == "<Broken>"

    def test_a_reader_that_has_gone_is_no_error(self, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
        gone = io.StringIO()
        gone.close()
        monkeypatch.setattr(sys, "stdout", gone)
        structlog.get_logger().error("nobody.reads")
        logging.getLogger("library").error("nobody reads")

    def test_for_people(self, lines: Lines) -> None:
        configure_logging("INFO", json=False)
        log = structlog.get_logger()
        try:
            raise ValueError(f"bad {SECRETS[0]}")
        except ValueError:
            log.exception("import.failed", rows=3)
        assert "import.failed" in lines.text
        assert "rows=3" in lines.text
        assert "Traceback" in lines.text
        assert SECRETS[0] not in lines.text

    def test_warnings_are_lines_too(self, lines: Lines) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(True)
            warnings.warn("old habit", UserWarning, stacklevel=1)
        assert "old habit" in lines.last["event"]


class TestNothingSecret:
    @pytest.mark.parametrize(
        "name",
        [
            "key",
            "api_key",
            "apiKey",
            "X-API-KEY",
            "Authorization",
            "password",
            "client_secret",
            "webhookSecret",
            "access_token",
            "token_hash",
            "signature",
            "webhook-signature",
            "credentials",
            "Cookie",
            "set-cookie",
            "idempotency_key",
            "email",
            "customer_email",
            "phone",
            "body",
            "request_body",
            "payload",
            "keys",
        ],
    )
    def test_fields_masked_by_name(self, lines: Lines, name: str) -> None:
        structlog.get_logger().info("a.b", **{name: "hunter2"}, nested=[{name: {"deep": "hunter2"}}])
        assert "hunter2" not in lines.text
        assert lines.last[name] == MASK

    @pytest.mark.parametrize(
        "name",
        [
            "key_id",
            "token_type",
            "template_key",
            "order_id",
            "count",
            "monkey",
            "keyboard",
            "signature_version",
            "status",
            "route",
            "path",
            "email_count",
            "secret_id",
            "key_prefix",
        ],
    )
    def test_fields_that_only_sound_so(self, name: str) -> None:
        assert not is_secret(name)

    @pytest.mark.parametrize("secret", SECRETS)
    @pytest.mark.parametrize("form", ["{}", "x {} y", "<{}>", "a={}&b", '"{}"', "https://h/p?q={}", "({})"])
    def test_keys_wherever_they_stand(self, secret: str, form: str) -> None:
        assert secret[12:] not in redact_text(form.format(secret))

    @pytest.mark.parametrize(
        "text",
        [
            "Authorization: Bearer hunter2",
            "authorization=Basic hunter2==",
            "{'password': 'hunter2 with spaces'}",
            '{"client_secret":"hunter2"}',
            "GET /orders/ord_1?token=hunter2&x=1",
            "Settings(secret_key='hunter2', port=1)",
            "Cookie: a=1; session=hunter2",
            "postgresql://app:hunter2@db.internal:5432/shop",
            "redis://:hunter2@cache/0",
            "api_key = b'hunter2'",
            "[SQL: INSERT INTO customers]\n[parameters: ('hunter2', 'Ana')]\n(Background)",
            "DETAIL:  Key (name)=(hunter2) already exists.",
            "DETAIL:  Failing row contains (1, hunter2, null).",
            "invalid input for query argument $2: 'hunter2' (expected str)",
            "mail hunter2@example.com.ar bounced",
            "to=<hunter2@mail.example.org>",
        ],
    )
    def test_secrets_in_running_text(self, text: str) -> None:
        assert "hunter2" not in redact_text(text)

    def test_exceptions_and_their_causes(self, lines: Lines) -> None:
        try:
            try:
                raise ValueError(f"refused {SECRETS[0]}")
            except ValueError as error:
                raise RuntimeError("for ana@example.com") from error
        except RuntimeError as error:
            structlog.get_logger().exception("payment.failed")
            logging.getLogger("library").exception("payment failed")
            report_exception(error, order_id="ord_1")
        assert len(lines.all) == 3
        for line in lines.all:
            assert "RuntimeError" in line["exception"]
            assert "direct cause" in line["exception"]
        assert SECRETS[0] not in lines.text
        assert "ana@example.com" not in lines.text

    def test_objects_are_masked_as_they_show_themselves(self, lines: Lines) -> None:
        class Account(msgspec.Struct):
            provider: str
            access_token: str

        class State(StrEnum):
            PAID = "paid"

        structlog.get_logger().info(
            "a.b", account=Account("mp", "hunter2"), state=State.PAID, error=ValueError("x")
        )
        assert "hunter2" not in lines.text
        assert lines.last["state"] == "paid"
        assert "ValueError" in lines.last["error"]

    @pytest.mark.parametrize(
        "text",
        [
            "order.placed",
            "ord_01h455vb4pex5vsknk084sn02q",
            "/api/v1/storefront/products",
            "2 of 3 done (66%)",
            "invalid_transition: paid to pending",
            "a = b: c",
            "monkey_live",
            "10:30:00",
            "user@host",
        ],
    )
    def test_ordinary_text_stays(self, text: str) -> None:
        assert redact_text(text) == text

    @pytest.mark.parametrize(
        "unit",
        [
            "a",
            "a-",
            "a.",
            "a@",
            "@",
            "://",
            "://a:",
            "Key (",
            "token",
            "eyJa.",
            "sk_live_",
            "Bearer ",
            "cookie",
        ],
    )
    def test_no_text_takes_long(self, unit: str) -> None:
        started = time.perf_counter()
        redact_text("=" + unit * (1_000_000 // len(unit)))
        assert time.perf_counter() - started < 0.5

    @given(
        st.recursive(
            st.text() | st.binary() | st.integers(), lambda s: st.dictionaries(st.text(), s) | st.lists(s)
        )
    )
    def test_anything_can_be_redacted(self, value: object) -> None:
        redact({"value": value})


class TestSentry:
    def test_nothing_is_set_up_without_an_address(self) -> None:
        assert not configure_sentry(None, "test")
        assert not configure_sentry("", "test")

    def test_events_are_redacted_and_hold_no_person(self, lines: Lines, sentry: Callable[[], str]) -> None:
        import sentry_sdk

        sentry_sdk.set_user({"email": ANA, "id": HUNTER})
        sentry_sdk.add_breadcrumb(message=f"called with {SECRETS[1]}")
        password = HUNTER
        with in_request("req_9", None):
            try:
                raise RuntimeError(f"refused {SECRETS[0]} of {ANA}")
            except RuntimeError as error:
                report_exception(error, password=password)
        sent = sentry()
        assert "RuntimeError" in sent
        assert "req_9" in sent
        for secret in (HUNTER, ANA, SECRETS[0], SECRETS[1]):
            assert secret not in sent

    @pytest.fixture
    def sentry(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
        """Sentry set up as in production; gives what would have been sent."""
        import sentry_sdk

        assert configure_sentry("https://public@sentry.invalid/1", "test")
        client = sentry_sdk.get_client()
        sent: list[bytes] = []
        assert client.transport is not None
        monkeypatch.setattr(
            client.transport, "capture_envelope", lambda envelope: sent.append(envelope.serialize())
        )
        yield lambda: b"".join(sent).decode()
        # Not `sentry_sdk.init()`: by default that patches the framework for every later test of this process.
        sentry_sdk.get_global_scope().set_client(None)
