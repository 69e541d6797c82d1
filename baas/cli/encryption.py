"""`baas encryption`: the rotation of the key that encrypts what stores entrust to us."""

from collections.abc import AsyncIterator
from typing import Final

import click
import msgspec

from baas.assembly import RENEWALS
from baas.cli.common import CALLER, REFUSED, json_option, opened, run, show
from baas.core.crypto import DecryptionFailed
from baas.core.runtime import Runtime
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.tenants import operators
from baas.tenants.door.keys import KeyTable
from baas.tenants.operators import Operator

_PAGE: Final = 500


class Renewed(msgspec.Struct, kw_only=True):
    """What was done."""

    stores: int = 0
    secrets: int = 0
    """Secrets that were encrypted again."""
    unreadable: list[str] = []
    """Stores with a secret that no key on the list opens."""


@click.group("encryption", short_help="Rotate the key that encrypts secrets.")
def encryption() -> None:
    """Provider credentials and webhook secrets are encrypted under BAAS_ENCRYPTION_KEYS."""


@encryption.command("renew", epilog="Example: baas encryption renew")
@json_option
def renew(as_json: bool) -> None:
    """Encrypt with the first of BAAS_ENCRYPTION_KEYS whatever another key has encrypted.

    To rotate: put a new key in front of the list, restart every process, run this, and take the old key from the list
    a day later (stored answers of Idempotency-Key live so long). It may be repeated. Exit code 1: some secrets cannot
    be read with any key on the list, and their stores are named.
    """

    async def work() -> Renewed:
        done = Renewed()
        async with opened() as (runtime, table):
            request_id = ids.encode(Kind.REQUEST, ids.new_id())
            async for store_id in _stores(runtime, table, request_id):
                done.stores += 1
                scope = await table.scope_for_job(ids.decode(Kind.STORE, store_id), request_id)
                try:
                    async with runtime.database.fast(scope) as store:
                        counts = [await renew_secrets(store, runtime.keyring) for renew_secrets in RENEWALS]
                except DecryptionFailed:
                    done.unreadable.append(store_id)
                else:
                    done.secrets += sum(counts)
        return done

    done: Renewed = run(work)
    show(done, as_json=as_json)
    if done.unreadable:
        raise SystemExit(REFUSED)


async def _stores(runtime: Runtime, table: KeyTable, request_id: str) -> AsyncIterator[str]:
    """The public id of every store, inactive ones too."""
    after = None
    while True:
        async with runtime.database.operator(reason="command line: encrypt secrets again") as system:
            operator = Operator(system, table, CALLER, request_id)
            found = await operators.list_stores(operator, limit=_PAGE, after=after)
        for store in found:
            yield store.id
        if len(found) < _PAGE:
            return
        after = ids.decode(Kind.STORE, found[-1].id)
