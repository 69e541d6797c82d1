"""The endpoints of the imports."""

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath

from baas.core.errors import PlanLimitExceeded, ValidationFailed
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.imports import service
from baas.services.imports.schemas import MAX_FILE_BYTES, Import, ImportFormat


class ImportForm(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file and its format, as a form."""

    file: UploadFile
    """At most 10 MiB."""
    format: str = ImportFormat.SHOPIFY.value


@post(
    "/admin/imports",
    needs="imports:write",
    status_code=201,
    tags=["catalogue"],
    summary="Import a catalogue",
    refuses=(PlanLimitExceeded,),
)
async def create_import(
    ctx: Ctx, data: Annotated[ImportForm, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Response[Data[Import]]:
    """Bring in a Shopify product export (CSV, UTF-8, at most 10 MiB), idempotent by handle.

    A file of up to 100 products is done when the answer comes (201). A larger one goes on in the
    background (202): ask for the import until its status is `done`. A file that cannot be read as a whole
    is refused with 422, and nothing of it is stored.
    """
    if data.format not in set(ImportFormat):
        raise ValidationFailed.field("format", f"one of {', '.join(ImportFormat)}")
    content = await data.file.read(MAX_FILE_BYTES + 1)
    # The idempotency key covers what was sent, and forms are not read by the edge.
    ctx.body = content
    measured = await service.measure(ImportFormat(data.format), content)
    now = ctx.dry_run or service.is_small(measured)

    async def verb(session: Any) -> Import:
        filename = (data.file.filename or "")[:255]
        made = await service.create_import(
            session, ImportFormat(data.format), filename, content, measured, now=now
        )
        if not now:
            session.after_commit(lambda: ctx.runtime.nudger.nudge("imports"))
        return made

    return await ctx.write(verb, status=201 if now else 202)


@get("/admin/imports/{import_id:str}", needs="imports:write", tags=["catalogue"], summary="Get an import")
async def get_import(ctx: Ctx, import_id: FromPath[str]) -> Response[Data[Import]]:
    """What became of a file so far, with its first 1,000 problems."""
    identity = ids.decode(Kind.IMPORT, import_id)
    return await ctx.read_fast(lambda work: service.get_import(work, identity))


ROUTES = [create_import, get_import]
