"""`baas encryption`: the rotation of the key that encrypts what stores entrust to us."""

import click
import msgspec

from baas.assembly import RENEWALS
from baas.cli.common import REFUSED, json_option, opened, run, show
from baas.cli.places import every_store
from baas.core.crypto import DecryptionFailed
from baas.core.values import ids
from baas.core.values.ids import Kind


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
            async for scope in every_store(runtime, table, reason="encrypt secrets again"):
                done.stores += 1
                try:
                    async with runtime.database.fast(scope) as store:
                        counts = [await renew_secrets(store, runtime.keyring) for renew_secrets in RENEWALS]
                except DecryptionFailed:
                    done.unreadable.append(ids.encode(Kind.STORE, scope.store_id))
                else:
                    done.secrets += sum(counts)
        return done

    done: Renewed = run(work)
    show(done, as_json=as_json)
    if done.unreadable:
        raise SystemExit(REFUSED)
