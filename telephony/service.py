"""All PBXs as one: live calls, presence and queues, and what users do with them."""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from config.settings import Pbx
from domain.calls import Call
from domain.events import News
from domain.phone import to_phone
from domain.presence import Presence, Queue
from domain.problems import Conflict, NotFound, Problem, Unavailable
from domain.rights import Scope, may_see_call
from telephony import actions
from telephony.acting import Hands, Wish, do, number_of, outward
from telephony.ami import LinkStatus, Timing
from telephony.line import Line
from telephony.possible import possible

log = structlog.get_logger(__name__)


class Telephony:
    """Every PBX of the settings. `names(extension)` is the user's name, "" where there is none.

    `publish` takes what happens, in order for each PBX, and must not wait.
    """

    def __init__(
        self,
        pbxs: Sequence[Pbx],
        *,
        country: str,
        area_code: str,
        publish: Callable[[News], None],
        names: Callable[[str], str],
        timing: Timing | None = None,
    ) -> None:
        def number(typed: str | None) -> str | None:
            return to_phone(typed, country, area_code)

        self._number, self._names = number, names
        self._lines = {pbx.name: Line(pbx, number=number, names=names, publish=publish, timing=timing) for pbx in pbxs}

    async def run(self) -> None:
        """Keep every link up until cancelled."""
        async with asyncio.TaskGroup() as links:
            for name, line in self._lines.items():
                links.create_task(line.link.run(), name=f"pbx:{name}")

    # --- how things are -----------------------------------------------------------------------------------

    def calls(self) -> tuple[Call, ...]:
        """The calls that live, oldest first within each PBX."""
        return tuple(call for line in self._lines.values() for call in line.exchange.calls())

    def presence(self) -> tuple[Presence, ...]:
        """Every known extension."""
        return tuple(phone for line in self._lines.values() for phone in line.exchange.presence())

    def queues(self) -> tuple[Queue, ...]:
        """Every known queue."""
        return tuple(queue for line in self._lines.values() for queue in line.exchange.queues())

    def links(self) -> tuple[LinkStatus, ...]:
        """How the link to each PBX stands."""
        return tuple(line.link.status for line in self._lines.values())

    def call(self, call_id: str) -> Call | None:
        """A live call, or None."""
        return next((call for call in self.calls() if call.id == call_id), None)

    def actions(self, call: Call, scope: Scope) -> tuple[str, ...]:
        """What `scope` can do with `call` now; empty for a call that is over or of another process's PBX."""
        line = self._lines.get(call.pbx)
        if line is None or call.ended():
            return ()
        return possible(call, scope, line.ground(call, scope.extension))

    # --- what users do ------------------------------------------------------------------------------------

    async def originate(self, scope: Scope, to: str) -> Call:
        """Click to call: ring the user's own phone, then dial `to`. Returns the record that begins with it.

        Raises Invalid (no number), Conflict (no phone, the PBX refuses), Unavailable (no link).
        """
        extension = scope.extension
        if extension is None:
            raise Conflict("You have no phone of your own")
        number = number_of(to, "to")
        line = self._line_of(extension)
        uniqueid = line.new_uniqueid()
        call = line.expect(uniqueid, extension, number)
        action = actions.originate(
            channel=line.device_of(extension),
            context=line.pbx.context,
            number=outward(line, number, self._number),
            uniqueid=uniqueid,
            caller=(number, extension),
        )
        try:
            await do(line, action)
        except Problem:
            line.forget_expected(uniqueid)
            raise
        return call

    async def act(self, scope: Scope, call_id: str, action: str, **arguments: str | bool | None) -> None:
        """Do `action` of the contract with a live call; raises NotFound, Conflict with the reason, Invalid,
        Unavailable. `arguments`: `to` and `kind`, `digits`, `on`."""
        call = self.call(call_id)
        if call is None or not self._may(scope, call, action):
            raise NotFound("There is no such call going on")
        wish = Wish(**{name: value for name, value in arguments.items() if value is not None})  # pyright: ignore[reportArgumentType]
        await Hands(self._lines[call.pbx], call, scope, self._number).act(action, wish)

    async def pause(self, extension: str, paused: bool, reason: str) -> None:
        """Pause or unpause `extension` in every queue of every PBX; one that is not connected is left out."""
        for line in self._lines.values():
            devices = frozenset(line.devices_of(extension))
            for interface in line.handles.interfaces(extension, devices):
                try:
                    await do(line, actions.pause_member(interface=interface, paused=paused, reason=reason))
                except Problem as problem:
                    log.warning("a queue member was not paused", pbx=line.pbx.name, reason=str(problem))

    def _may(self, scope: Scope, call: Call, action: str) -> bool:
        """A ringing colleague's call may be picked up by everyone with a phone; else only what one may see."""
        return may_see_call(scope, call) or action == "pickup"

    def _line_of(self, extension: str) -> Line:
        """The PBX that `extension` is at: where its phone is known, else the first."""
        if not self._lines:
            raise Unavailable("No PBX is configured")
        lines = list(self._lines.values())
        for line in lines:
            if any(phone.extension == extension for phone in line.exchange.presence()):
                return line
        return lines[0]
