"""Logs: one JSON object per line on standard output, whoever writes them, with nothing secret in them.

    log = structlog.get_logger()
    log.info("order.placed", order_id=..., number=...)

Event names are `noun.verb`; fields are ids, counts and durations. Libraries that use the standard
library's logging come through the same processors. In a terminal of a developer the same lines are
shown for reading.
"""

import json as stdlib_json
import logging
import sys
from contextvars import ContextVar
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from baas.core.observe.redact import redact, redact_text
from baas.core.values import clock

GRANIAN_LOG_CONFIG: Final[dict[str, Any]] = {
    "formatters": {},
    "handlers": {},
    "loggers": {
        "_granian": {"handlers": [], "level": "INFO", "propagate": True},
        "granian.access": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
"""For `Granian(log_dictconfig=…)`: it sets up its loggers after us, and would write past us."""

# They say much at INFO and DEBUG, bodies and statements with their parameters included.
_TALKATIVE: Final = (
    "aiohttp.access",
    "arq",
    "asyncio",
    "boto3",
    "botocore",
    "httpcore",
    "httpx",
    "s3transfer",
    "sqlalchemy",
    "urllib3",
)

_context: ContextVar[tuple[str, UUID | str | None] | None] = ContextVar("log_context", default=None)

# The same list for ever: a logger that was used before the last configure_logging() holds it, too.
_processors: list[Processor] = []


def bind_request(request_id: str, store_id: UUID | str | None = None) -> None:
    """Put the request and its store on every line that this task and its children write.

    One context variable and no formatting, because it is done for every request; for anything rarer
    there is `structlog.contextvars.bind_contextvars`, which is heard as well.
    """
    _context.set((request_id, store_id))


def configure_logging(level: str = "INFO", json: bool = True) -> None:
    """Send all logs of this process through one pipeline. May be called again.

    `level` is a name such as "INFO"; below it a call costs next to nothing. `json` False shows lines for
    reading, with colours in a terminal.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    finish: list[Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # As text and before the redaction, in the console too: a pretty traceback would show local variables.
        structlog.processors.format_exc_info,
        _redact_event,
        _render_json
        if json
        else structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]
    start: list[Processor] = [
        _merge_request,
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
    ]
    _processors[:] = [*start, *finish]
    _Requests.direct = json and number <= logging.INFO
    structlog.configure(
        processors=_processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=_Output,
        cache_logger_on_first_use=True,
    )

    handler = _Handler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*start, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            # Handlers that libraries brought along would write the same line again, unredacted.
            logger.handlers.clear()
            logger.propagate = True
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(number)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(True)


def configure_sentry(dsn: str | None, environment: str, release: str | None = None) -> bool:
    """Report unexpected errors to Sentry, redacted like the logs. Without a DSN nothing is set up."""
    if not dsn:
        return False
    # Here, because most deployments have no Sentry, and need not pay for it at every start.
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        release=release,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        # Its framework integrations wrap every request; errors are reported by hand where they are caught.
        auto_enabling_integrations=False,
        before_send=_before_send,  # type: ignore[arg-type]  # their event is a TypedDict, ours any mapping
        before_breadcrumb=_before_breadcrumb,
    )
    return True


def report_exception(error: BaseException, event: str = "error.unexpected", **fields: Any) -> None:
    """Log an error that nobody foresaw with its traceback, and send it to Sentry where that is set up."""
    structlog.get_logger().error(event, exc_info=error, **fields)
    sentry = sys.modules.get("sentry_sdk")
    if sentry is not None:
        sentry.capture_exception(error)  # does nothing when configure_sentry() was not called


class _Requests:
    """Whether lines about requests may take the short way."""

    direct = False


def log_request(request_id: str, route: str, method: str, status: int, ms: float) -> None:
    """The line of one answered request, as `log.info("request", …)` writes it at many times the cost.

    Nothing in it may hold a secret: a request id that the caller chose has to be redacted before.
    """
    if not _Requests.direct:
        structlog.get_logger(__name__).info(
            "request", request_id=request_id, route=route, method=method, status=status, ms=ms
        )
        return
    line = {"timestamp": clock.stamp(), "level": "info", "event": "request", "request_id": request_id,
            "route": route, "method": method, "status": status, "ms": ms}  # fmt: skip
    _output.msg(msgspec.json.encode(line).decode())


class _Output:
    """Writes lines to whatever is standard output at that moment; never fails."""

    def __init__(self, *_: object) -> None:
        """structlog hands on the logger's name, which is not needed."""

    def msg(self, line: str) -> None:
        try:
            try:
                sys.stdout.write(line + "\n")
            except UnicodeEncodeError:
                sys.stdout.write(line.encode("ascii", "backslashreplace").decode() + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            pass  # nobody reads any more: no reason to fail a request

    debug = info = warning = error = critical = msg


_output: Final = _Output()


class _Handler(logging.Handler):
    """The way of standard library records into the same output."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception as error:
            # The standard way prints the arguments to standard error, whatever they hold.
            structlog.get_logger().error(
                "log.failed", logger=record.name, line=record.lineno, error=repr(error)
            )
            return
        _output.msg(line)


def _merge_request(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = _context.get()
    if context is not None:
        event.setdefault("request_id", context[0])
        if context[1] is not None:
            event.setdefault("store_id", context[1])
    return event


def _redact_event(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return redact(event)


def _render_json(_: WrappedLogger, __: str, event: EventDict) -> str:
    head = {name: event.pop(name, None) for name in ("timestamp", "level", "event")}
    line = {**head, **event}
    try:
        return msgspec.json.encode(line).decode()
    except (TypeError, ValueError, OverflowError):  # lone surrogates, numbers beyond 64 bits
        return stdlib_json.dumps(line, default=repr)


def _before_send(event: dict[str, Any], _: dict[str, Any]) -> dict[str, Any] | None:
    """Redact what goes to Sentry. When that fails, the event is dropped: better lost than leaked."""
    try:
        event.pop("user", None)
        event.pop("server_name", None)
        request = event.get("request")
        if isinstance(request, dict):
            event["request"] = {name: request[name] for name in ("method", "url") if name in request}
        context = _context.get()
        if context is not None:
            tags = event.setdefault("tags", {})
            tags["request_id"] = context[0]
            tags["store_id"] = str(context[1])
        return redact(event)
    except Exception as error:
        structlog.get_logger().error("sentry.event_dropped", error=type(error).__name__)
        return None


def _before_breadcrumb(crumb: dict[str, Any], _: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return redact(crumb)
    except Exception:
        return {"message": redact_text(str(crumb.get("category", "")))}
