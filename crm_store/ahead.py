"""The embedded database starts while Python still reads the rest of the server: both take their time."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from crm_store.binaries import StoreError
from crm_store.embedded import cluster_for


@contextmanager
def started_ahead(data_dir: Path) -> Iterator[None]:
    """Start the embedded database of `data_dir` beside what is done inside, and keep it until the end. Who opens it
    meanwhile waits for it, and is told what is wrong where it does not start."""
    over = Event()

    def hold() -> None:
        with suppress(StoreError, OSError), cluster_for(data_dir).running():
            over.wait()

    holding = Thread(target=hold, name="database")
    holding.start()
    try:
        yield
    finally:
        over.set()
        holding.join()
