"""When a PBX came up, as well as it tells: whether it has started anew since it was heard last. Pure.

`CoreStatus` names the second it came up, which no restart shares; it is asked right after every log-in. Where
that is not told (rights, an old recording), the uptime of `FullyBooted` and the clock have to do: whole seconds,
so that a restart within a second or two may not be seen by them.
"""

from datetime import datetime, timedelta

from telephony.channels import Message

LONGEST = 10
"""Digits of an uptime in seconds: three hundred years."""
UNSURE = timedelta(seconds=1)
"""An uptime is told in whole seconds."""


class Boot:
    """What one PBX told of its own start; every method says whether that means a restart."""

    def __init__(self) -> None:
        self._start: tuple[str, str] | None = None
        self._uptime: int | None = None
        self._booted: datetime | None = None
        self.judged = True
        """Whether the uptime told last was put against the clock."""

    def told_start(self, ami: Message) -> bool:
        """`CoreStatus` tells the date and the second the PBX came up, in its own time zone."""
        start = (ami.get("CoreStartupDate", ""), ami["CoreStartupTime"])
        before, self._start = self._start, start
        return before is not None and before != start

    def told_uptime(self, uptime: str) -> bool:
        """`FullyBooted` tells for how many seconds it has been up."""
        if not uptime.isdigit() or len(uptime) > LONGEST:
            return False
        before, self._uptime = self._uptime, int(uptime)
        self.judged = False
        return before is not None and self._uptime < before

    def at(self, clock: datetime, heard: datetime | None) -> bool:
        """The time of the uptime told last is known; `heard`: when a lost link was heard last."""
        before, self.judged = self._booted, True
        now = self._booted = clock - timedelta(seconds=self._uptime or 0)
        moved = before is not None and now - before > UNSURE * 1.5
        return moved or (heard is not None and now > heard + UNSURE)
