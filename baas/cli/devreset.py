"""`baas dev --reset`: the data folder as it is becomes a backup beside it, and the folder begins anew."""

from pathlib import Path

from baas.core.embedded import EmbeddedPostgres, EmbeddedRedis
from baas.core.values import clock

LOCK = "dev.lock"
"""The file whose lock says that a `baas dev` holds the folder. It stays where it is."""


def set_aside(data_dir: Path) -> Path | None:
    """Move everything in a data folder to a new folder beside it; the caller holds the folder's lock.

    Servers that a killed `baas dev` left running on it are ended first, so the backup is whole. Returns the backup, None
    when there was nothing to keep. Raises OSError when the place beside the folder cannot be written.
    """
    for server in (EmbeddedPostgres(data_dir / "postgres"), EmbeddedRedis(data_dir / "redis")):
        server.end_leftover()
    kept = sorted(path for path in data_dir.iterdir() if path.name != LOCK)
    if not kept:
        return None
    backup = _free(data_dir)
    backup.mkdir(mode=0o711)
    for path in kept:
        path.rename(backup / path.name)
    return backup


def _free(data_dir: Path) -> Path:
    """A name beside the folder that nobody has."""
    stem = f"{data_dir.name}.backup-{clock.now():%Y%m%d-%H%M%S}"
    names = (stem, *(f"{stem}-{number}" for number in range(2, 100)))
    return next(path for name in names if not (path := data_dir.with_name(name)).exists())
