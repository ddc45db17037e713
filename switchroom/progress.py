"""How far long work is, for a person who waits at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Told = Callable[[float], None]
"""Takes the share that is done, 0 to 1."""


@contextmanager
def progress(what: str) -> Iterator[Told]:
    """A bar on a terminal while inside; elsewhere one line, so that a log does not fill with bars."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        console.print(f"{what} …")
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(what, total=1.0)
        yield lambda share: bars.update(bar, completed=share)
