"""Under which account an embedded server runs, and how that account gets to its files.

PostgreSQL refuses to run as root. Started by root, both servers run as the system account `pgserver` (the wheel's own
choice of a name); started by anybody else, as that person.
"""

import os
import pwd
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAME = "pgserver"

# The kernel's form of an access control list: a version, then (tag, permissions, id) for each entry.
_ACL = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
_SEARCH = 1
_NO_ID = 0xFFFFFFFF


class EmbeddedError(RuntimeError):
    """An embedded server cannot start or run. The text says what to do."""


@dataclass(frozen=True)
class Account:
    """Another account that root starts a server as."""

    uid: int
    gid: int
    name: str

    def owns(self, path: Path) -> None:
        """Give a file or a folder to the account."""
        os.chown(path, self.uid, self.gid)

    def can_reach(self, path: Path) -> bool:
        """Whether the account gets through every folder above `path`, and into it when it is a folder."""
        tried = subprocess.run(
            ["/bin/sh", "-c", '[ -x "$1" ]', "sh", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        return tried.returncode == 0

    def open_way(self, path: Path) -> None:
        """Let this account alone search the folders above `path` that it cannot pass, and nothing more.

        Nobody else gains anything, and this account cannot list those folders. Raises EmbeddedError where the file
        system has no access control lists.
        """
        if self.can_reach(path):
            return
        for folder in [*reversed(path.parents), path]:
            if folder.is_dir() and not self.can_reach(folder):
                self._allow_search(folder)
        if not self.can_reach(path):
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and the account '{self.name}' it runs as cannot reach {path}. "
                f"Work as an ordinary user, or let that account pass the folders above (chmod o+x)."
            )

    def _allow_search(self, folder: Path) -> None:
        try:
            entries = _read_acl(folder)
            group = next(perm for (tag, _), perm in entries.items() if tag == _GROUP)
            mask = entries.get((_MASK, _NO_ID), group)
            entries[_USER, self.uid] = entries.get((_USER, self.uid), 0) | _SEARCH
            entries[_MASK, _NO_ID] = mask | _SEARCH
            packed = [_ENTRY.pack(tag, perm, who) for (tag, who), perm in sorted(entries.items())]
            os.setxattr(folder, _ACL, _VERSION + b"".join(packed))
        except (OSError, AttributeError) as error:
            raise EmbeddedError(
                f"PostgreSQL does not run as root, and the account '{self.name}' it runs as cannot pass the folder "
                f"{folder}. Work as an ordinary user, put the project and its data folder elsewhere, or allow it "
                f"yourself: chmod o+x {folder}"
            ) from error


def _read_acl(folder: Path) -> dict[tuple[int, int], int]:
    """The folder's list as {(tag, id): permissions}; without one, what its mode says."""
    try:
        raw = os.getxattr(folder, _ACL)
    except OSError:
        mode = folder.stat().st_mode
        return {(_OWNER, _NO_ID): mode >> 6 & 7, (_GROUP, _NO_ID): mode >> 3 & 7, (_OTHER, _NO_ID): mode & 7}
    return {(tag, who): perm for tag, perm, who in _ENTRY.iter_unpack(raw[len(_VERSION) :])}


def account_for(existing: Path) -> Account | None:
    """The account for a server whose data is in `existing`: None for the caller's own.

    For root it is the owner of the data when there is data, otherwise the system account, made when it is missing.
    """
    if os.geteuid() != 0:
        return None
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid, _name_of(owner.st_uid))
    entry = _system_account()
    return Account(entry.pw_uid, entry.pw_gid, entry.pw_name)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_NAME)
    except KeyError:
        pass
    maker = shutil.which("useradd")
    if maker is not None:
        # Fails on a read-only system, and when another process was quicker: both are seen by looking again.
        subprocess.run(
            [
                maker,
                "--system",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/bin/false",
                _NAME,
            ],
            capture_output=True,
            check=False,
        )
    for name in (_NAME, "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and this machine has no account to run it as: "
        f"make one (useradd --system {_NAME}) or work as an ordinary user."
    )
