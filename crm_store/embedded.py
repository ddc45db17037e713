"""The embedded PostgreSQL: made on first use, started or attached to, stopped by the last who leaves.

Two lock files beside the cluster keep commands apart: `postgres.start` while one starts or stops the server,
`postgres.users` shared by all who use it. Both are `flock`s: a killed command leaves nothing behind.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from crm_store.binaries import OWN_FOLDER, ServerUser, StoreError, programs, server_user

log = structlog.get_logger()

OWNER = "switchroom"
PORT = 5432
MARKER = "SWITCHROOM"
START_SECONDS = 60
STOP_SECONDS = 60
LONGEST_SOCKET = 100  # sockaddr_un holds 107 bytes

_LEFT_RUNNING: list[subprocess.Popen[Any]] = []  # others still use them: they outlive us on purpose

_CONFIGURATION = """
# Switchroom
listen_addresses = ''
max_connections = 100
max_wal_size = 2GB
checkpoint_timeout = 15min
jit = off
random_page_cost = 1.1
log_timezone = 'UTC'
timezone = 'UTC'
"""
_FOR_TESTS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One embedded server: where it lies, who runs it, how it is reached."""

    home: Path
    user: ServerUser
    durable: bool = True

    @property
    def data(self) -> Path:
        """The cluster itself, PostgreSQL's PGDATA."""
        return self.home / "postgres"

    @property
    def sockets(self) -> Path:
        """The folder of its socket: the cluster itself where the path is short enough for a socket."""
        if len(str(self.data / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return self.data
        key = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"switchroom-{key}"

    def address(self, database: str = OWNER) -> dict[str, Any]:
        """The arguments `asyncpg` connects with."""
        return {"host": str(self.sockets), "port": PORT, "user": OWNER, "database": database}

    @contextmanager
    def running(self) -> Iterator["Running"]:
        """Use the server: made, started or attached to; at the end stopped if nobody else uses it."""
        with (self.home / "postgres.users").open("w") as users:
            server = Running(self, self._enter(users.fileno()))
            try:
                yield server
            finally:
                self._leave(users.fileno(), server.process)

    def _enter(self, users: int) -> subprocess.Popen[Any] | None:
        with _locked(self.home / "postgres.start"):
            fcntl.flock(users, fcntl.LOCK_SH)
            if not self._marked():
                self._make()
            return None if self._up() else self._start()

    def _leave(self, users: int, process: subprocess.Popen[Any] | None) -> None:
        with _locked(self.home / "postgres.start"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if process is not None:
                    _LEFT_RUNNING.append(process)
                return
            self._stop(process)

    # --- making -------------------------------------------------------------------------------------------

    def _marked(self) -> bool:
        """Whether the cluster is there and ours; raises StoreError where something else lies in its place."""
        if not self.data.exists() or (self.data.is_dir() and not any(self.data.iterdir())):
            return False
        if not (self.data / MARKER).is_file():
            message = (
                f"{self.data} was not made by Switchroom: move it away, choose another data_dir, or set [database] dsn"
            )
            raise StoreError(message)
        if (owner := self.data.stat().st_uid) != self.user.uid:
            message = f"{self.data} belongs to another user (uid {owner}): run this command as the user who made it"
            raise StoreError(message)
        return True

    def _make(self) -> None:
        log.info("making the embedded database", folder=str(self.data))
        fresh = self.home / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, self.user.uid, self.user.gid)
        command: list[str | Path] = [programs(self.user) / "initdb", "-D", fresh, "-U", OWNER, "-E", "UTF8"]
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += ["--auth-local=peer", "--auth-host=reject", *([] if self.durable else ["--no-sync"])]
        done = self.user.run(command, check=False, capture_output=True)
        if done.returncode != 0:
            message = f"initdb failed in {fresh}: {done.stderr.strip()}"
            raise StoreError(message)
        self._configure(fresh)
        if self.data.exists():
            self.data.rmdir()
        fresh.rename(self.data)

    def _configure(self, fresh: Path) -> None:
        """Peer authentication on the socket only: whoever runs the server, and root for him."""
        with (fresh / "postgresql.conf").open("a") as configuration:
            configuration.write(_CONFIGURATION)
        (fresh / "pg_hba.conf").write_text("local all all peer map=ours\n")
        peers = sorted({self.user.name, *(["root"] if os.geteuid() == 0 else [])})
        (fresh / "pg_ident.conf").write_text("".join(f"ours {name} {OWNER}\n" for name in peers))
        marker = fresh / MARKER
        marker.write_text("This cluster belongs to Switchroom; it starts and stops it.\n")
        os.chown(marker, self.user.uid, self.user.gid)

    # --- starting and stopping ----------------------------------------------------------------------------

    def _start(self) -> subprocess.Popen[Any]:
        self._open_socket_folder()
        record = self.home / "postgres.log"
        with record.open("wb" if record.exists() and record.stat().st_size > 10_000_000 else "ab") as output:
            process = subprocess.Popen(  # noqa: S603
                [programs(self.user) / "postgres", "-D", self.data, "-k", self.sockets, *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self.user.process(),
            )
        (self.home / "postgres.started").write_text(str(process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self._up():
            if process.poll() is not None or time.monotonic() > deadline:
                message = f"the embedded database does not start; the last words of {record}: {_last_words(record)}"
                raise StoreError(message)
            time.sleep(0.005)
        return process

    def _options(self) -> list[str]:
        options = (f"shared_buffers={_cache_megabytes()}MB",) if self.durable else _FOR_TESTS
        return [word for option in options for word in ("-c", option)]

    def _open_socket_folder(self) -> None:
        if self.sockets == self.data:
            return
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if self.sockets.is_symlink() or self.sockets.stat().st_uid not in (os.geteuid(), self.user.uid):
            message = f"{self.sockets} belongs to somebody else: remove it, or choose a shorter data_dir"
            raise StoreError(message)
        os.chown(self.sockets, self.user.uid, self.user.gid)

    def _pid(self) -> tuple[int, str] | None:
        """The running server's process and its own word on how it is; None where there is none."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        return pid, lines[7].strip() if len(lines) > 7 else "starting"

    def _up(self) -> bool:
        """Whether the server answers. One that is stopping is waited for."""
        deadline = time.monotonic() + STOP_SECONDS
        while (found := self._pid()) and found[1] == "stopping" and time.monotonic() < deadline:
            time.sleep(0.02)
        if found is None or found[1] != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.sockets / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
        return True

    def _stop(self, process: subprocess.Popen[Any] | None) -> None:
        """Fast shutdown of the server we, or a command of ours that is gone, started; never of another's."""
        started = self.home / "postgres.started"
        if process is not None:
            process.poll()  # it may have ended by itself
        found = self._pid()
        if found is None or not started.exists() or started.read_text() != str(found[0]):
            return
        with suppress(ProcessLookupError):
            os.kill(found[0], signal.SIGINT)
        if process is not None and process.pid == found[0]:
            process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while self._pid() is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        started.unlink(missing_ok=True)


@dataclass(slots=True)
class Running:
    """A server in use. `process`: where this program started it."""

    cluster: Cluster
    process: subprocess.Popen[Any] | None

    def pid(self) -> int | None:
        """The server's process; None where there is none."""
        found = self.cluster._pid()
        return found[0] if found else None

    def revive(self) -> None:
        """Start the server again where it is gone. Raises StoreError, also while its last children still leave."""
        with _locked(self.cluster.home / "postgres.start"):
            if (pid := self.pid()) is not None:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)  # until its parent looks, a dead process still counts as one
            if not self.cluster._up():
                self.process = self.cluster._start()


def cluster_for(data_dir: Path, *, durable: bool = True) -> Cluster:
    """The embedded cluster of `data_dir`: in it, or, where the server's user cannot reach it (root's home), in a
    folder of its own under /var/lib/switchroom, which is said aloud."""
    folder = data_dir.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    user = server_user()
    if user.uid == os.geteuid() or user.can_enter(folder):
        return Cluster(home=folder, user=user, durable=durable)
    home = OWN_FOLDER / hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    log.warning(
        "the database is kept elsewhere: the system user that runs it cannot reach data_dir",
        data_dir=str(folder),
        kept_in=str(home),
        user=user.name,
    )
    return Cluster(home=home, user=user, durable=durable)


def erase(data_dir: Path) -> None:
    """Remove the embedded cluster of `data_dir` with all its data; raises StoreError while somebody uses it."""
    cluster = cluster_for(data_dir)
    with _locked(cluster.home / "postgres.start"), (cluster.home / "postgres.users").open("w") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"the database in {cluster.data} is in use: stop the other command first"
            raise StoreError(message) from None
        cluster._stop(None)
        if cluster._marked():
            shutil.rmtree(cluster.data)


def _cache_megabytes() -> int:
    """An eighth of the machine's memory, 128 MB to 2 GB; PostgreSQL takes of it only what it fills."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(max(memory // 8 // 1_000_000, 128), 2048)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _last_words(record: Path) -> str:
    lines = record.read_text(errors="replace").splitlines() if record.exists() else []
    return " / ".join(lines[-5:]) or "none"
