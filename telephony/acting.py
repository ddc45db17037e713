"""Doing what a user asked for: from "park this call" to the AMI action, on the channel that is his.

Users name calls, numbers and extensions; which channel that is, is ours to know. What Asterisk refuses is a
Conflict with its words; what it did not answer is Unavailable, and is never sent again:
where it was sent, `outcome` is "unknown".
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from domain.calls import Call
from domain.problems import Conflict, Invalid, Problem, Unavailable
from domain.rights import Scope
from telephony import actions
from telephony.actions import Action, NotSendable
from telephony.line import Line
from telephony.possible import IN_IT, why_not
from telephony.session import AnswerLost, LinkDown
from telephony.stream import Message
from telephony.wording import N_

THREE_WAY = "*3"
"""`atxferthreeway` of features.conf, as Asterisk ships it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What else an action needs: `to` and `kind` of a transfer, `digits`, recording `on` or off."""

    to: str | None = None
    kind: Literal["blind", "attended"] = "blind"
    digits: str | None = None
    on: bool = True


async def do(line: Line, action: Action) -> list[Message]:
    """Send one action; its answer, or the problem it met in words."""
    try:
        answer = await line.link.ask(action)
    except NotSendable as error:
        raise Invalid(str(error)) from error
    except (AnswerLost, TimeoutError) as error:
        detail = "The PBX did not answer in time: look before you try again"
        raise Unavailable(detail, {"outcome": "unknown"}) from error
    except LinkDown as error:
        raise Unavailable("The PBX is not connected") from error
    if answer[0].get("Response") == "Error":
        said = answer[0].get("Message", "")
        raise Conflict("The PBX refused: {said}", {"said": said})
    return answer


def number_of(typed: str | None, field: str) -> str:
    """A number to dial, from what was typed; Invalid where it is none."""
    try:
        return actions.diallable(typed or "")
    except NotSendable as error:
        wrong = {"field": field, "detail": N_("This is not a number that can be dialled")}
        raise Invalid("This is not a number that can be dialled", {"errors": [wrong]}) from error


def outward(line: Line, number: str, read: Callable[[str | None], str | None]) -> str:
    """`number` as the dialplan wants it: with the prefix where it leads outside."""
    outside = (read(number) or "").startswith("+")
    return line.pbx.outside_prefix + number if outside else number


class Hands:
    """One user's hands on one call."""

    def __init__(self, line: Line, call: Call, scope: Scope, read: Callable[[str | None], str | None]) -> None:
        self._line, self._call, self._scope, self._read = line, call, scope, read
        self._extension = scope.extension or ""

    async def act(self, action: str, wish: Wish) -> None:
        """Do it, or say why not."""
        reason = why_not(action, self._call, self._scope, self._line.ground(self._call, self._scope.extension))
        if reason is not None:
            raise Conflict(reason)
        await self._ways()[action](wish)

    def _ways(self) -> dict[str, Callable[[Wish], Awaitable[Any]]]:
        return {
            "answer": lambda _: self._notify("talk"),
            "hold": lambda _: self._notify("hold"),
            "resume": lambda _: self._notify("talk"),
            "mute": lambda _: self._mute(on=True),
            "unmute": lambda _: self._mute(on=False),
            "transfer": self._transfer,
            "complete": lambda _: self._do(actions.hang_up(channel=self._own())),
            "cancel": lambda _: self._do(actions.cancel_attended(channel=self._own())),
            "conference": self._conference,
            "park": lambda _: self._do(actions.park(channel=self._peer(), by=self._own())),
            "unpark": self._unpark,
            "pickup": self._pickup,
            "dtmf": self._press,
            "hangup": self._hang_up,
            "spy": lambda _: self._listen_in("spy"),
            "whisper": lambda _: self._listen_in("whisper"),
            "barge": lambda _: self._listen_in("barge"),
            "record": self._record,
        }

    # --- channels ---------------------------------------------------------------------------------------

    def _own(self) -> str:
        channel = self._line.exchange.channel_of(self._call.id, self._extension)
        if channel is None:
            raise Conflict("Your phone is not in this call any more")
        return channel

    def _peer(self) -> str:
        channel = self._line.exchange.peer_channel_of(self._call.id, self._extension)
        if channel is None:
            raise Conflict("There is nobody at the other side")
        return channel

    def _of_another(self, *states: str) -> str:
        """A colleague's channel in this call, in one of `states`."""
        for party in self._call.parties:
            if party.state in states and party.extension != self._extension:
                channel = self._line.exchange.channel_of(self._call.id, party.extension)
                if channel is not None:
                    return channel
        raise Conflict("There is nobody at the other side")

    async def _do(self, action: Action) -> list[Message]:
        return await do(self._line, action)

    # --- what can be done -------------------------------------------------------------------------------

    async def _notify(self, event: Literal["talk", "hold"]) -> None:
        channel = self._own()
        if not channel.startswith("SIP/"):
            await self._do(actions.notify(channel=channel, event=event))
            return
        [answer, *_] = await self._do({"Action": "Getvar", "Channel": channel, "Variable": "SIPCALLID"})
        await self._do(actions.notify(channel=channel, event=event, dialog=answer.get("Value", "")))

    async def _mute(self, *, on: bool) -> None:
        channel = self._own()
        await self._do(actions.mute(channel=channel, on=on))
        (self._line.handles.muted.add if on else self._line.handles.muted.discard)(channel)
        self._line.tell_again(self._call)

    async def _transfer(self, wish: Wish) -> None:
        number = outward(self._line, number_of(wish.to, "to"), self._read)
        context = self._line.pbx.context
        party = self._call.party(self._extension)
        talks = party is not None and party.state in IN_IT
        if wish.kind == "blind":
            by_us = actions.blind(channel=self._own(), context=context, number=number) if talks else None
            await self._do(by_us or actions.redirect(channel=self._peer(), context=context, number=number))
            return
        if not talks:
            raise Conflict("Answer first: then you can ask before you transfer")
        channel = self._own()
        # Who answered a moment ago may not be connected yet: then it is whoever is at the other side.
        before = self._line.exchange.beside(self._call.id, self._extension) or (self._peer(),)
        await self._do(actions.attended(channel=channel, context=context, number=number))
        self._line.handles.consulting[channel] = before

    async def _conference(self, _: Wish) -> None:
        for digit in THREE_WAY:
            await self._do(actions.press(channel=self._own(), digit=digit, as_if_typed=True))

    async def _unpark(self, _: Wish) -> None:
        place = self._line.handles.places.get(self._call.linkedid)
        if place is None:
            raise Conflict("It is not known where the call is parked")
        await self._connect("ParkedCall", f"{place.lot or 'default'},{place.space}")

    async def _pickup(self, _: Wish) -> None:
        await self._connect("PickupChan", self._of_another("ringing"))

    async def _listen_in(self, how: Literal["spy", "whisper", "barge"]) -> None:
        await self._connect(*actions.listen_in(how, self._of_another("talking", "held")))

    async def _connect(self, application: str, data: str) -> None:
        """Ring the user's own phone, then connect it."""
        other = self._call.caller.number or ""
        shown = other if re.fullmatch(actions.NUMBER, other) else self._extension
        await self._do(
            actions.connect(
                channel=self._line.device_of(self._extension),
                application=application,
                data=data,
                uniqueid=self._line.new_uniqueid(),
                shown=shown,
            )
        )

    async def _press(self, wish: Wish) -> None:
        try:
            digits = actions.keys(wish.digits or "")
        except NotSendable as error:
            wrong = {"field": "digits", "detail": N_("Only 0-9, *, # and A-D, at most 32")}
            raise Invalid("These are not keys of a phone", {"errors": [wrong]}) from error
        channel = self._peer()
        for digit in digits:
            await self._do(actions.press(channel=channel, digit=digit))

    async def _hang_up(self, _: Wish) -> None:
        party = self._call.party(self._extension)
        channel = self._own()
        exchange = self._line.exchange
        exchange.hung_up_for(self._call.id, self._extension)
        try:
            await self._do(actions.hang_up(channel=channel, ringing=party is not None and party.state == "ringing"))
        except Problem:
            exchange.hung_up_for(self._call.id, self._extension, really=False)
            raise

    async def _record(self, wish: Wish) -> None:
        linkedid = self._call.linkedid
        match self._line.handles.recorded(linkedid), wish.on:
            case "no", True:
                await self._do(actions.start_recording(channel=self._own(), file=f"{self._call.id}.wav"))
            case "no", False:
                raise Conflict("This call is not being recorded")
            case _:
                channel, _ = self._line.handles.recordings[linkedid]
                await self._do(actions.pause_recording(channel=channel, on=not wish.on))
        self._line.tell_again(self._call)
