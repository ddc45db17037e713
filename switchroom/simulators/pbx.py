"""A PBX to play with: phones, a trunk, queues and a ring group, driven in words of calls, heard over AMI."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

from switchroom.simulators import consulting, dialing, dialplan, server
from switchroom.simulators.channels import RING, RINGING, UP, Channel
from switchroom.simulators.clock import Clock
from switchroom.simulators.managers import EVERYTHING, Manager
from switchroom.simulators.phones import Absent, Habits, Phone
from switchroom.simulators.queues import Member, Queue
from switchroom.simulators.session import AmiSession
from switchroom.simulators.switch import Plan, Switch

NAMES = {
    "101": "Анна Иванова",
    "102": "Борис Петров",
    "103": "Клара Сидорова",
    "104": "Дмитрий Орлов",
    "105": "Елена Фомина",
    "106": "Жанна Кузнецова",
    "107": "Зоя Лебедева",
    "108": "Игорь Соколов",
    "109": "Кирилл Морозов",
    "110": "Лариса Волкова",
    "111": "Максим Зайцев",
    "112": "Нина Павлова",
}
QUEUES = {"sales": ("rrmemory", ("101", "102", "103")), "support": ("ringall", ("104", "105", "106"))}
RING_GROUPS = {"610": ("107", "108", "109")}
DID = "84951234"


class SimulatedPbx:
    """One simulated PBX. Time stands still until `wait`, or flows by itself while it is served.

    `manual` phones, and the parties outside, do only what they are told; the others answer after a while.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        extensions: Mapping[str, str] = NAMES,
        queues: Mapping[str, tuple[str, tuple[str, ...]]] = QUEUES,
        ring_groups: Mapping[str, tuple[str, ...]] = RING_GROUPS,
        voicemail: Collection[str] = (),
        manual: Collection[str] | None = None,
        managers: Collection[Manager] = (Manager(),),
        trunk: str = "PJSIP/provider",
        started: datetime | None = None,
        speed: float = 1.0,
        noise: bool = False,
        channel_variables: tuple[str, ...] = (),
        unique_prefix: str = "demo",
        version: str = "22.10.1",
    ) -> None:
        destinations = [*extensions, *ring_groups, *queues]
        self.numbers = {place: f"{DID}{600 + index}" for index, place in enumerate([*queues, *ring_groups])}
        self.numbers.update({extension: f"{DID}{extension}" for extension in extensions})
        self.numbers.update({f"menu:{place}": f"{DID}9{index:02}" for index, place in enumerate(destinations)})
        self.plan = Plan(
            system=unique_prefix,
            trunk=trunk,
            extensions=dict(extensions),
            dids={number: place for place, number in self.numbers.items()},
            ring_groups=dict(ring_groups),
            voicemail=frozenset(voicemail),
            menus={f"menu:{place}": place for place in destinations},
            channel_variables=channel_variables,
        )
        self.version = version
        self.speed = speed
        self.managers = {manager.username: manager for manager in managers}
        self.clock = Clock(started or datetime.now(UTC))
        self.sessions: list[AmiSession] = []
        self.logged_in = asyncio.Event()
        self.up = True
        self.frozen = False
        self.started = self.clock.seconds()
        self.switch = Switch(self.plan, self.clock, seed, noisy=noise)
        self._wire(manual, queues)

    def _wire(self, manual: Collection[str] | None, queues: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        switch = self.switch
        alone = set(self.plan.extensions) if manual is None else set(manual)
        self.phones = {
            extension: Phone(
                switch,
                switch.devices[f"PJSIP/{extension}"],
                Habits(answers_own=1.0) if extension in alone else Habits(answers_after=3.0, answers_own=1.0),
            )
            for extension in self.plan.extensions
        }
        self.outside = Phone(switch, switch.devices[self.plan.trunk], Habits())
        for name, (strategy, members) in queues.items():
            switch.queues[name] = Queue(name=name, strategy=strategy, members=list(map(self._member, members)))
        switch.run = lambda channel: dialplan.run(switch, channel)
        switch.goes_back = lambda channel: consulting.go_back(switch, channel)
        switch.rings = lambda leg: self._phone_of(leg).rings(leg)
        switch.answered = lambda leg: self._phone_of(leg).answered(leg)

    def _member(self, extension: str) -> Member:
        name = self.plan.extensions[extension]
        return Member(interface=f"PJSIP/{extension}", name=name, logged_in=int(self.started))

    def _phone_of(self, leg: Channel) -> Phone:
        extension = self.switch.devices[leg.endpoint].extension
        return self.phones[extension] if extension else self.outside

    def phone(self, extension: str) -> Phone:
        """The phone of an extension."""
        self.clock.sync()
        return self.phones[extension]

    def incoming(self, number: str | None, to: str = "101", name: str = "") -> "SimulatedCall":
        """Somebody outside calls an extension, queue, ring group, `menu:…` of one, or any number of ours.

        `number` None withholds it.
        """
        self.clock.sync()
        channel = self.switch.open_channel(
            self.plan.trunk,
            state=RING,
            number=number or "anonymous",
            caller_name=name,
            context="from-trunk",
            exten=self.numbers.get(to, to),
        )
        self.switch.run(channel)
        self.switch.settle()
        return SimulatedCall(self, channel)

    def internal(self, caller: str, to: str) -> "SimulatedCall":
        """One extension dials a number: another extension, a queue, somebody outside."""
        return SimulatedCall(self, self.phone(caller).dial(to))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)

    def calls(self) -> Iterator["SimulatedCall"]:
        """The calls that are up, by the channel that began each."""
        for channel in tuple(self.switch.channels.values()):
            if channel.uniqueid == channel.linkedid:
                yield SimulatedCall(self, channel)

    def session(self, send: server.Send, close: server.Close, address: str = "127.0.0.1:40000") -> AmiSession:
        """A client's connection, without a socket."""
        return AmiSession(self, send, close, address)

    @contextmanager
    def recorded(self) -> Iterator[bytearray]:
        """What a client that is logged in reads meanwhile, from the banner on: a recording."""
        recording = bytearray()
        session = self.session(recording.extend, lambda: None)
        manager = next(iter(self.managers.values()))
        session.greet()
        login = f"Action: Login\r\nActionID: rec-1\r\nUsername: {manager.username}\r\nSecret: {manager.secret}\r\n"
        session.receive(login.encode() + b"\r\n")
        try:
            yield recording
        finally:
            session.end()

    @asynccontextmanager
    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[tuple[str, int]]:
        """Listen for AMI clients and let time flow, `speed` times as fast as the wall clock."""
        async with server.serving(self, host, port) as address:
            yield address

    def drop_links(self) -> None:
        """Cut every client off; calls go on."""
        for session in tuple(self.sessions):
            session.end()

    def freeze(self) -> None:
        """Stop answering and telling anything, links stay up (a frozen machine)."""
        self.frozen = True

    def thaw(self) -> None:
        """Go on, with what was held back."""
        self.frozen = False
        for session in tuple(self.sessions):
            session.flush()

    def restart(self, away: float = 1.0) -> None:
        """Restart the PBX: calls are gone without a word, links are cut, `away` seconds nobody is let in."""
        self.clock.sync()
        facts = [("Shutdown", "Cleanly"), ("Restart", "True")]
        self.switch.emit("Shutdown", facts, privilege="system,all")
        self.drop_links()
        self.up = False
        self.clock.forget()
        self.switch.forget()
        self.clock.after(away, self._boot)

    def _boot(self) -> None:
        self.up = True
        self.started = self.clock.seconds()


class SimulatedCall:
    """A call, by the channel that began it."""

    def __init__(self, pbx: SimulatedPbx, channel: Channel) -> None:
        self.pbx = pbx
        self.channel = channel

    @property
    def linkedid(self) -> str:
        """The identity Asterisk gives the call."""
        return self.channel.linkedid

    @property
    def over(self) -> bool:
        """Whether the channel that began it is gone."""
        return self.channel.name not in self.pbx.switch.channels

    @property
    def ringing(self) -> tuple[str, ...]:
        """The endpoints this call rings at."""
        return tuple(channel.endpoint for channel in self._channels() if channel.state == RINGING)

    @property
    def talking(self) -> tuple[str, ...]:
        """The endpoints that are up in this call."""
        return tuple(channel.endpoint for channel in self._channels() if channel.state == UP)

    def answer(self, extension: str | None = None) -> None:
        """The extension answers this call; None: the party outside does."""
        endpoint = f"PJSIP/{extension}" if extension else self.pbx.plan.trunk
        leg = next((leg for leg in self._channels() if leg.endpoint == endpoint and leg.state == RINGING), None)
        if leg is None:
            raise Absent(endpoint)
        dialing.answer(self.pbx.switch, leg)
        self.pbx.switch.settle()

    def hang_up(self) -> None:
        """Whoever called hangs up."""
        self.pbx.clock.sync()
        dialing.hang_up(self.pbx.switch, self.channel)
        self.pbx.switch.settle()

    def outside_hangs_up(self) -> None:
        """The party outside hangs up, whoever called."""
        trunk = self.pbx.plan.trunk
        for channel in [channel for channel in self._channels() if channel.endpoint == trunk]:
            dialing.hang_up(self.pbx.switch, channel)
        self.pbx.switch.settle()

    def _channels(self) -> list[Channel]:
        """Those of phones and trunk; Local channels only connect them."""
        self.pbx.clock.sync()
        channels = self.pbx.switch.channels.values()
        mine = [channel for channel in channels if channel.linkedid == self.channel.linkedid]
        return [channel for channel in mine if channel.twin is None]


__all__ = ["EVERYTHING", "Absent", "Habits", "Manager", "SimulatedCall", "SimulatedPbx"]
