"""The simulator's time: virtual seconds, moved by a test, or by a wall clock while it is served."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

Step = Callable[[], None]


@dataclass(order=True, slots=True)
class Timer:
    """Something that will happen at `due` (virtual seconds since the start) unless it is cancelled."""

    due: float
    order: int
    step: Step = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Take it back; harmless when it already happened."""
        self.cancelled = True


class Clock:
    """Runs steps in the order of their time. Nothing moves until `advance` or `sync` is called."""

    def __init__(self, started: datetime) -> None:
        self.started = started
        self.now = 0.0
        self.follow: Callable[[], float] | None = None
        self.woken: Step = _nothing
        self._epoch = started.timestamp()
        self._timers: list[Timer] = []
        self._order = count()

    def after(self, seconds: float, step: Step) -> Timer:
        """Let `step` happen `seconds` from now."""
        timer = Timer(self.now + max(0.0, seconds), next(self._order), step)
        heapq.heappush(self._timers, timer)
        self.woken()
        return timer

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: everything due happens, each step at its own time."""
        self.advance_to(self.now + seconds)

    def advance_to(self, moment: float) -> None:
        """Let time pass until `moment`; a moment already past changes nothing."""
        while self._timers and self._timers[0].due <= moment:
            timer = heapq.heappop(self._timers)
            if timer.cancelled:
                continue
            self.now = max(self.now, timer.due)
            timer.step()
        self.now = max(self.now, moment)

    def sync(self) -> None:
        """Catch up with the clock that is followed, where one is."""
        if self.follow is not None:
            self.advance_to(self.follow())

    def next_due(self) -> float | None:
        """When the next step is due, or None when nothing is planned."""
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0].due if self._timers else None

    def forget(self) -> None:
        """Drop everything that was planned."""
        self._timers.clear()

    def seconds(self) -> float:
        """Now, as seconds since 1970, on the simulated PBX's clock."""
        return self._epoch + self.now

    def timestamp(self) -> str:
        """Now, as Asterisk writes it in `Timestamp`."""
        return f"{self._epoch + self.now:.6f}"

    def at(self) -> datetime:
        """Now, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.seconds(), UTC)


def _nothing() -> None:
    return None
