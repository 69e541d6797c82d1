"""Parameters that every list takes. For routes alone: the worker loads no framework, so `paging` does not know it."""

from typing import Annotated

from litestar.params import QueryParameter

from baas.core.serving.paging import MAX_LIMIT
from baas.core.values.cursors import MAX_CURSOR

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="How many, 1 to 100.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=MAX_CURSOR, description="`next_cursor` of the page before.")
]
Include = Annotated[str | None, QueryParameter(max_length=20, description="`total` counts the whole list.")]
