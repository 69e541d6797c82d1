"""Liquid for templates that tenants write: safe by what is not there, and bounded in what is.

There are no tags that load (`include`, `render`), no filter that marks a text as safe HTML, no clock and no
file. Loops, nesting, local variables and output are limited by the language, time by an alarm that stops
the template between two steps, memory by the process (`child`). Whatever stops a template names its line:
where the library does not know it, the node that was being rendered does.
"""

import re
import signal
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import ClassVar, Final

from liquid import BoundTemplate, Environment
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import (
    LiquidError,
    LiquidSyntaxError,
    ResourceLimitError,
    UnknownFilterError,
)
from liquid.lex import _tokenize_template
from liquid.token import Token

from baas.services.notifications.rendering import filters
from baas.services.notifications.rendering.words import MAX_OUTPUT, Answer, Failed, Job, Rendered

_REMOVED_TAGS: Final = ("include", "render")
_REMOVED_FILTERS: Final = ("safe", "escapejs", "date")
_MAX_SUBJECT: Final = 250
# D-043: inside of one operation in C no alarm is heard.
_MAX_RANGE: Final = 1_000_000


class _Environment(Environment):
    block_nesting_limit: ClassVar[int] = 20
    context_depth_limit: ClassVar[int] = 30
    loop_iteration_limit: ClassVar[int | None] = 20_000
    local_namespace_limit: ClassVar[int | None] = 1024 * 1024
    output_stream_limit: ClassVar[int | None] = MAX_OUTPUT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """The language without what could reach outside the data."""
        super().setup_tags_and_filters(extra=extra)
        for name in _REMOVED_TAGS:
            self.tags.pop(name, None)
        for name in _REMOVED_FILTERS:
            self.filters.pop(name, None)
        filters.register(self)


_unbounded_range: Final = RangeLiteral._make_range


def _make_range(self: RangeLiteral, start: object, stop: object) -> range:
    """A range that every filter and operator can walk in time: in the middle of one, no alarm is heard."""
    made = _unbounded_range(self, start, stop)
    if made.stop - made.start > _MAX_RANGE:
        raise ResourceLimitError("loop iteration limit reached", token=self.token)
    return made


RangeLiteral._make_range = _make_range  # type: ignore[method-assign]  # in the child process alone

_TEXT: Final = _Environment(autoescape=False)
_HTML: Final = _Environment(autoescape=True)


_MAX_PARSED: Final = 512 * 1024
"""Characters of templates that stay parsed; each takes 10 to 120 bytes of the process's memory."""


class _Parsed:
    """Templates that were parsed before, by their text: parsing takes several times as long as rendering.

    What is parsed never changes: whatever a template counts or keeps lies in the context of its rendering.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[bool, str], BoundTemplate] = OrderedDict()
        self._size = 0

    def get(self, environment: Environment, text: str) -> BoundTemplate:
        """The template of a text. Raises what parsing raises."""
        key = (environment is _HTML, text)
        template = self._found.get(key)
        if template is not None:
            self._found.move_to_end(key)
            return template
        template = environment.from_string(text)
        self._found[key] = template
        self._size += len(text)
        while self._size > _MAX_PARSED:
            (_, old), _ = self._found.popitem(last=False)
            self._size -= len(old)
        return template

    def clear(self) -> None:
        """Forget all of them."""
        self._found.clear()
        self._size = 0


_parsed: Final = _Parsed()


class _OutOfTimeError(BaseException):
    """The alarm rang. Not an Exception, so that nothing on the way takes it for its own."""


def render(job: Job) -> Answer:
    """Render all parts of a template, or say what is wrong with it. Call it from the main thread."""
    answer = _attempt(job)
    if isinstance(answer, Failed) and answer.abusive:
        # What is kept parsed may be why there was no room, and must not be what an alarm left half done.
        _parsed.clear()
        if answer.reason == _NO_MEMORY:
            answer = _attempt(job)
    return answer


def _attempt(job: Job) -> Answer:
    source = job.source
    parts: list[tuple[str, Environment, str | None]] = [
        ("subject", _TEXT, source.subject),
        ("html", _HTML, source.html),
        ("body", _TEXT, source.body),
        *(("parameters", _TEXT, parameter) for parameter in source.parameters),
    ]
    done: list[str | None] = []
    part = ""
    try:
        with _alarm(job.seconds):
            for name, environment, text in parts:
                part = name
                done.append(None if text is None else _render(environment, text, job))
    except _OutOfTimeError as error:
        return Failed(part, _line_of(error), "This takes too long.", abusive=True)
    except ResourceLimitError as error:
        return Failed(
            part, _line_of(error), _LIMITS.get(str(error.message), str(error.message)), abusive=True
        )
    except LiquidError as error:
        if isinstance(error.__cause__ or error.__context__, RecursionError):
            return Failed(part, _line_of(error), "This is nested too deeply.", abusive=True)
        return Failed(part, _line_of(error), f"{error.message}.".replace("..", "."))
    except RecursionError as error:
        return Failed(part, _line_of(error), "This is nested too deeply.", abusive=True)
    except MemoryError as error:
        return Failed(part, _line_of(error), _NO_MEMORY, abusive=True)
    except Exception as error:
        # A filter met data that its author did not think of.
        return Failed(part, _line_of(error), f"{type(error).__name__}: {error}"[:300])
    subject, html, body, *parameters = done
    return Rendered(
        subject=_one_line(subject or ""),
        html=html,
        body=body or "",
        parameters=tuple(_one_line(parameter or "") for parameter in parameters),
    )


_NO_MEMORY: Final = "This needs too much memory."
_LIMITS: Final = {
    "loop iteration limit reached": "This loops too often.",
    "output stream limit reached": f"This writes more than {MAX_OUTPUT // 1024} KiB.",
    "local namespace limit reached": "This keeps too much in its variables.",
}


def _render(environment: Environment, text: str, job: Job) -> str:
    template = _parsed.get(environment, text)
    try:
        return template.render(job.data)
    except (ResourceLimitError, LiquidSyntaxError, UnknownFilterError):
        raise
    except LiquidError:
        if job.lenient:
            return ""
        raise


def _one_line(text: str) -> str:
    """A header line: every control character and run of white space is one space."""
    cleaned = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(cleaned.split())[:_MAX_SUBJECT]


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise _OutOfTimeError in this thread when the time is over."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    # Again and again: an alarm that some code swallowed rings once more.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _line_of(error: BaseException) -> int | None:
    """The line where it happened: of the error's own token, or of what was being parsed or rendered."""
    token = getattr(error, "token", None)
    while token is None or token.start_index < 0:
        token = _token_at_work(error.__traceback__)
        cause = error.__cause__ or error.__context__
        if token is not None or cause is None:
            break
        error = cause
    if token is None or token.start_index < 0:
        return None
    return int(token.source.count("\n", 0, token.start_index)) + 1


def _token_at_work(traceback: TracebackType | None) -> Token | None:
    """The token of what was being parsed or rendered, as far inside as one is known."""
    found: Token | None = None
    while traceback is not None:
        names, code = traceback.tb_frame.f_locals, traceback.tb_frame.f_code
        match = names.get("match")
        # A node that is being made has no token yet.
        known = (getattr(names.get("self"), "token", None), names.get("token"), names.get("parent_token"))
        token = next((one for one in known if isinstance(one, Token) and one.start_index >= 0), None)
        if token is not None:
            found = token
        elif isinstance(match, re.Match) and code is _tokenize_template.__code__:
            # Still taking the text apart.
            found = Token("", "", match.end(), match.string)
        traceback = traceback.tb_next
    return found
