"""The spool: calls that ended while the database was away, safe on disk until it is back."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from crm_store.call_rows import Row, read_line
from domain.problems import Unavailable

LARGEST = 64 * 1024 * 1024


class Spool:
    """Rows in one append-only file, in the order they came; what `keep` returned from survives a power cut."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "calls.spool"
        self._rejected = folder / "calls.rejected"
        self._largest = largest
        self._torn = self._path.exists() and not _ends_whole(self._path)

    def __bool__(self) -> bool:
        return self._path.exists() and self._path.stat().st_size > 0

    def keep(self, rows: Sequence[Row]) -> None:
        """Append `rows` and wait until they are on disk; raises Unavailable when the spool is full."""
        lines = b"".join([row.line() for row in rows])
        size = self._path.stat().st_size if self._path.exists() else 0
        if size + len(lines) > self._largest:
            raise Unavailable("The database is away and the spool is full")
        _append(self._path, b"\n" + lines if self._torn else lines)
        self._torn = False

    def reject(self, rows: Sequence[Row]) -> None:
        """Put aside what the database will never take, for a person to look at."""
        _append(self._rejected, b"".join([row.line() for row in rows]))

    def batches(self, size: int = 500) -> Iterator[list[Row]]:
        """What is kept, oldest first; a torn last line was never acknowledged and is left out."""
        batch: list[Row] = []
        with self._path.open("rb") as file:
            for line in file:
                try:
                    batch.append(read_line(line))
                except (ValueError, TypeError, KeyError):
                    continue
                if len(batch) == size:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def clear(self) -> None:
        """Everything is in the database now."""
        self._path.unlink(missing_ok=True)
        self._torn = False


def _append(path: Path, data: bytes) -> None:
    fresh = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if fresh:  # the file's name must be on disk, too
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
