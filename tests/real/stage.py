"""Where a story is played: a real PBX, its phones, the outside world, and the recorder that listens.

A story is a coroutine that moves people about; `@story(...)` keeps what it must be told as, in the words of
the call record (contract, section 4).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.real.asterisk import Asterisk
from tests.real.conversation import Call
from tests.real.phone import Phone
from tests.real.recorder import Recorder

IVAN = "+79211234567"
MARIA = "+79030000002"
EXTENSIONS = ("101", "102", "103", "104", "105", "106", "106-softphone", "150010001")


class Stage:
    """The people of one story and their phones."""

    def __init__(self, pbx: Asterisk, ami: Recorder) -> None:
        self.pbx, self.ami = pbx, ami
        self.earlier: list[Recorder] = []
        self.diary: list[dict[str, object]] = []

    async def phone(self, extension: str) -> Phone:
        """The phone of an extension."""
        return await self.pbx.phone(extension)

    async def phones(self, *extensions: str) -> list[Phone]:
        """Several phones at once."""
        return [await self.phone(extension) for extension in extensions]

    async def outside(self, did: str, number: str = IVAN, name: str = "Ivan Petrov", **how: Any) -> Call:
        """Somebody outside calls one of our numbers (the last two digits are enough)."""
        return await self.pbx.trunk.call(f"849512345{did}" if len(did) < 9 else did, shown=number, name=name, **how)

    async def away(self, number: str) -> Call:
        """A phone outside that we dialled rings."""
        return await self.pbx.trunk.rings(number)

    def endpoint(self, name: str) -> str:
        """The endpoint of an extension or trunk, as Asterisk calls it."""
        return f"{self.pbx.technology}/{name}"

    def channel(self, name: str) -> str:
        """The newest live channel of an extension or trunk."""
        return self.ami.channel(self.endpoint(name))

    async def connect(self, *, snapshot: bool = True) -> None:
        """Connect (again) to AMI; what was recorded so far stays in `earlier`."""
        pbx = self.pbx
        self.earlier.append(self.ami)
        self.ami = await Recorder.logged_in(pbx.host, pbx.port, pbx.username, pbx.secret)
        if snapshot:
            await self.ami.snapshot()


Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Story:
    """One story: how it is played and what must be told of it."""

    name: str
    what: str
    play: Play
    records: tuple[dict[str, Any], ...]
    snapshot: bool
    late: bool
    only: str


STORIES: dict[str, Story] = {}


def story(
    *records: dict[str, Any], snapshot: bool = False, late: bool = False, only: str = ""
) -> Callable[[Play], Play]:
    """Register a story. `late`: it connects to AMI itself; `only`: where it can be played (PJSIP, SIP, 16, 22)."""

    def keep(play: Play) -> Play:
        name = play.__name__
        what = " ".join((play.__doc__ or "").split())
        STORIES[name] = Story(name=name, what=what, play=play, records=records, snapshot=snapshot, late=late, only=only)
        return play

    return keep


async def moment(seconds: float = 0.25) -> None:
    """What people need: a moment to pick up, a moment to talk. Never used to wait for the PBX."""
    await asyncio.sleep(seconds)


async def talk(*calls: Call, seconds: float = 0.6) -> None:
    """Wait until all these calls are up, then talk for a while."""
    for call in calls:
        await call.answered()
    await moment(seconds)
