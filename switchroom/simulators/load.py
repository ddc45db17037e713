"""Many calls a second, cheaply: one call is played once with all its noise, then printed with other names.

Every call is inbound, rings one phone (directly or as a member of a queue), is answered and hung up by the
caller; about 100 messages and 50 kB, as Asterisk 22 writes when nothing is filtered.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from switchroom.simulators.channels import Message
from switchroom.simulators.pbx import SimulatedPbx
from switchroom.simulators.session import AmiSession

_NUMBER, _EXTENSION = "+70000000001", "EXTENSION"
_TIMESTAMP = re.compile(rb"(?<=\r\nTimestamp: )[0-9.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCall:
    """One call of the load: who calls, whose phone rings, what identity Asterisk gives it.

    `written_at` is the monotonic second just before the bytes in which the phone rings were written.
    """

    index: int
    number: str
    extension: str
    linkedid: str
    written_at: float


class Play:
    """One call as three bursts of messages (rings, is answered, ends) with blanks for its names."""

    def __init__(self, to: str, system: str) -> None:
        queues = {"sales": ("rrmemory", (_EXTENSION,))}
        pbx = SimulatedPbx(
            extensions={_EXTENSION: _EXTENSION},
            queues=queues,
            ring_groups={},
            noise=True,
            unique_prefix=system,
        )
        heard: list[Message] = []
        pbx.switch.listeners.append(heard.append)
        call = pbx.incoming(_NUMBER, to if to == "sales" else _EXTENSION)
        bursts = [tuple(heard)]
        heard.clear()
        call.answer(_EXTENSION)
        bridge = next(iter(pbx.switch.bridges))
        bursts.append(tuple(heard))
        heard.clear()
        call.hang_up()
        bursts.append(tuple(heard))
        identity = call.linkedid.rpartition(".")[0]
        blanks = {
            f"{identity}.1": "one",
            f"{identity}.2": "two",
            "-00000001": "serial_one",
            "-00000002": "serial_two",
            bridge: "bridge",
            _NUMBER: "number",
            _EXTENSION: "extension",
        }
        self.bursts = [[_with_blanks(message, blanks) for message in burst if _own(message)] for burst in bursts]


def _own(message: Message) -> bool:
    """The trunk stays busy under load, and the queue is never empty: their device states say nothing."""
    return b"Device: PJSIP/provider" not in message.data and b"Device: Queue:" not in message.data


def _with_blanks(message: Message, blanks: dict[str, str]) -> Message:
    data = message.data.replace(b"%", b"%%")
    for value, name in blanks.items():
        data = data.replace(value.encode(), f"%({name})s".encode())
    return Message(message.name, message.classes, _TIMESTAMP.sub(b"%(now)s", data))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How much, and of what. Seconds of ringing and talking must let a phone be free for its next turn."""

    rate: float
    seconds: float
    first_extension: int = 1001
    extensions: int = 500
    ring_seconds: float = 1.0
    talk_seconds: float = 3.0
    queue_share: float = 0.5
    first_number: int = 79000000000
    numbers: int = 1_000_000
    stride: int = 7919

    def number(self, index: int) -> str:
        """Who makes the call."""
        return f"+{self.first_number + index * self.stride % self.numbers}"

    def extension(self, index: int) -> str:
        """Whose phone rings: one after the other."""
        return str(self.first_extension + index % self.extensions)

    def pbx(self, **options: object) -> SimulatedPbx:
        """A PBX with as many phones, all members of one queue."""
        phones = [str(self.first_extension + turn) for turn in range(self.extensions)]
        return SimulatedPbx(
            extensions={phone: f"Агент {phone}" for phone in phones},
            queues={"sales": ("rrmemory", tuple(phones))},
            ring_groups={},
            unique_prefix="load",
            **options,  # pyright: ignore[reportArgumentType]
        )


class Load:
    """Writes the calls of `plan` to whoever is logged in to `pbx`; `rang` is told each as it rings."""

    def __init__(self, pbx: SimulatedPbx, plan: LoadPlan, rang: Callable[[LoadCall], None]) -> None:
        self.written = 0
        self.messages = 0
        self.calls = 0
        self._pbx = pbx
        self._plan = plan
        self._rang = rang
        self._plays = {to: Play(to, pbx.plan.system) for to in ("sales", "")}
        self._rendered: dict[tuple[object, ...], bytes] = {}
        self._began = 0.0

    @property
    def total(self) -> int:
        """How many calls there will be."""
        return round(self._plan.rate * self._plan.seconds)

    def start(self) -> None:
        """Begin: the calls come by themselves while the PBX's time flows."""
        self._pbx.clock.sync()
        self._began = self._pbx.clock.now
        self._pbx.clock.after(0.0, self._ring_next)

    @property
    def done(self) -> bool:
        """Whether the last call has ended."""
        self._pbx.clock.sync()
        last = self._began + self._plan.seconds + self._plan.ring_seconds + self._plan.talk_seconds
        return self.calls >= self.total and self._pbx.clock.now > last

    def _ring_next(self) -> None:
        index = self.calls
        self.calls += 1
        due = self._began + self.calls / self._plan.rate
        if self.calls < self.total:
            self._pbx.clock.after(due - self._pbx.clock.now, self._ring_next)
        self._ring(index)

    def _ring(self, index: int) -> None:
        play = "sales" if index % 100 < self._plan.queue_share * 100 else ""
        names = self._names(index)
        at = time.monotonic()
        self._write(play, 0, names)
        call = LoadCall(
            index=index,
            number=self._plan.number(index),
            extension=self._plan.extension(index),
            linkedid=names[b"one"].decode(),
            written_at=at,
        )
        self._rang(call)
        self._pbx.clock.after(self._plan.ring_seconds, lambda: self._write(play, 1, names))
        ended = self._plan.ring_seconds + self._plan.talk_seconds
        self._pbx.clock.after(ended, lambda: self._write(play, 2, names))

    def _names(self, index: int) -> dict[bytes, bytes]:
        identity = f"{self._pbx.plan.system}-{int(self._pbx.clock.seconds())}"
        names = {
            "one": f"{identity}.{index * 2 + 1}",
            "two": f"{identity}.{index * 2 + 2}",
            "serial_one": f"-{index * 2 + 1:08x}",
            "serial_two": f"-{index * 2 + 2:08x}",
            "bridge": str(UUID(int=index + 2**120)),
            "number": self._plan.number(index),
            "extension": self._plan.extension(index),
        }
        return {name.encode(): value.encode() for name, value in names.items()}

    def _write(self, play: str, burst: int, names: dict[bytes, bytes]) -> None:
        names[b"now"] = self._pbx.clock.timestamp().encode()
        for session in tuple(self._pbx.sessions):
            if (template := self._template(session, play, burst)) is not None:
                data = template % names
                self.written += len(data)
                self.messages += len(self._plays[play].bursts[burst])
                session.write(data)

    def _template(self, session: AmiSession, play: str, burst: int) -> bytes | None:
        """The messages this client hears, as one string with blanks; worked out once for its filters."""
        if session.manager is None or not session.events:
            return None
        key = session.manager, len(session.wanted), len(session.unwanted), play, burst
        if key not in self._rendered:
            self._rendered[key] = b"".join(self._passing(session, play, burst))
        return self._rendered[key]

    def _passing(self, session: AmiSession, play: str, burst: int) -> Iterator[bytes]:
        for message in self._plays[play].bursts[burst]:
            if session.manager and message.classes & session.manager.read and session.passes(message.data):
                yield message.data
