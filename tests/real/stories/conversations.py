"""Hold, parking, rooms, and calls that are dialled for the user."""

from tests.real.stage import IVAN, Stage, moment, story, talk
from tests.real.stories.transfers import INBOUND, KEPT, MOBILE, conversation, taken

CLICK = {"direction": "outbound", "caller_extension": "101", "dialed": "+79030000001"}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}


@story({**KEPT, "held": True})
async def hold_by_the_agent(stage: Stage) -> None:
    """101 puts Ivan on hold for a second and takes him back."""
    caller, agent = await conversation(stage)
    await agent.hold()
    await moment(1.0)
    await agent.resume()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**KEPT, "held": True, "ended_by": "caller"})
async def hold_until_the_end(stage: Stage) -> None:
    """101 puts Ivan on hold; Ivan hangs up."""
    caller, agent = await conversation(stage)
    await agent.hold()
    await moment(1.0)
    await caller.hang_up()
    await agent.ended()


@story({"direction": "internal", "caller_extension": "101", "dialed": "102", "outcome": "answered", "held": True})
async def hold_by_both(stage: Stage) -> None:
    """101 and 102 hold each other, overlapping: the spans are one."""
    first, second = await stage.phones("101", "102")
    call = await first.call("102")
    callee = await second.rings()
    await callee.answer()
    await talk(call)
    await call.hold()
    await moment(0.6)
    await callee.hold()
    await moment(0.6)
    await call.resume()
    await moment(0.6)
    await callee.resume()
    await moment()
    await call.hang_up()


@story({**INBOUND, "outcome": "answered", "answered_by": ["101", "104"], "owner": "104", "parked": 1})
async def park_and_retrieve(stage: Stage) -> None:
    """101 parks Ivan (REFER to 700); 104 dials the place and has him."""
    caller, agent = await conversation(stage)
    await agent.transfer("700")
    parked = await stage.ami.event("ParkedCall")
    await agent.ended()
    await moment(0.8)
    back = await (await stage.phone("104")).call(parked["ParkingSpace"])
    await talk(back)
    await caller.hang_up()
    await back.ended()


@story({**INBOUND, "outcome": "answered", "parked": 1, "answered_by": ["101", "104"], "owner": "104"})
async def park_by_feature_code(stage: Stage) -> None:
    """101 types #72 to park Ivan; 104 has him."""
    caller, agent = await conversation(stage)
    await agent.press("#72")
    parked = await stage.ami.event("ParkedCall")
    await moment(0.8)
    back = await (await stage.phone("104")).call(parked["ParkingSpace"])
    await talk(back)
    await back.hang_up()
    await caller.ended()


@story({**INBOUND, "outcome": "answered", "parked": 1, "answered_by": ["101", "104"], "owner": "104"})
async def park_by_action(stage: Stage) -> None:
    """AMI's Park parks Ivan; 104 has him."""
    caller, agent = await conversation(stage)
    await stage.ami.act(
        "Park",
        Channel=stage.channel("trunk"),
        TimeoutChannel=stage.channel("101"),
        AnnounceChannel=stage.channel("101"),
    )
    parked = await stage.ami.event("ParkedCall")
    await agent.ended()
    await moment(0.8)
    back = await (await stage.phone("104")).call(parked["ParkingSpace"])
    await talk(back)
    await caller.hang_up()
    await back.ended()


@story({**INBOUND, "outcome": "answered", "parked": 1, "answered_by": ["101"], "owner": "101"})
async def park_times_out(stage: Stage) -> None:
    """101 parks Ivan; nobody comes for six seconds; 101 is rung and answers."""
    caller, agent = await conversation(stage)
    await agent.transfer("700")
    await agent.ended()
    back = await taken(stage, "101")
    await moment(0.8)
    await caller.hang_up()
    await back.ended()


@story({**KEPT, "parked": 1, "ended_by": "caller"})
async def park_given_up(stage: Stage) -> None:
    """101 parks Ivan, who hangs up."""
    caller, agent = await conversation(stage)
    await agent.transfer("700")
    await stage.ami.event("ParkedCall")
    await moment(0.8)
    await caller.hang_up()


@story({"direction": "inbound", "caller_number": IVAN, "dialed": "+74951234576", "conference": "800"},
       {"direction": "internal", "caller_extension": "101", "dialed": "800", "conference": "800"},
       {"direction": "internal", "caller_extension": "102", "dialed": "800", "conference": "800"})  # fmt: skip
async def conference_room(stage: Stage) -> None:
    """Ivan, 101 and 102 call one room."""
    first, second = await stage.phones("101", "102")
    ivan = await stage.outside("76")
    await ivan.answered()
    one = await first.call("800")
    await one.answered()
    two = await second.call("800")
    await talk(two)
    await one.hang_up()
    await moment()
    await ivan.hang_up()
    await two.hang_up()


async def click(stage: Stage, to: str = MOBILE) -> None:
    """The user of 101 clicks a number."""
    await stage.ami.act(
        "Originate", Channel=stage.endpoint("101"), Context="from-internal", Exten=to, Priority="1",
        CallerID=f'"Click" <{to}>', Timeout="8000", Async="true",
    )  # fmt: skip


@story({**CLICK, "outcome": "answered", "answered_by": [], "owner": "101", "ended_by": "callee"}, snapshot=True)
async def click_answered(stage: Stage) -> None:
    """101 clicks, picks up, the mobile answers and hangs up."""
    await click(stage)
    own = await taken(stage, "101")
    mobile = await stage.away(MOBILE)
    await moment()
    await mobile.answer()
    await moment(0.8)
    await mobile.hang_up()
    await own.ended()


@story({**CLICK, **NOBODY, "outcome": "failed", "cause": "agent_no_answer", "legs": []})
async def click_own_phone_not_answered(stage: Stage) -> None:
    """101 clicks and does not pick up for eight seconds."""
    await click(stage)
    await (await (await stage.phone("101")).rings()).ended()
    await stage.ami.event("OriginateResponse")


@story({**CLICK, **NOBODY, "outcome": "failed", "legs": []})
async def click_own_phone_declines(stage: Stage) -> None:
    """101 clicks and declines the PBX's call."""
    await click(stage)
    await (await (await stage.phone("101")).rings()).reject(603)
    await stage.ami.event("OriginateResponse")


@story({**CLICK, **NOBODY, "outcome": "busy", "legs": [[None, "busy"]]})
async def click_busy(stage: Stage) -> None:
    """101 clicks and picks up; the mobile is busy."""
    await click(stage)
    own = await taken(stage, "101")
    await (await stage.away(MOBILE)).reject(486)
    await own.ended()


@story({**CLICK, **NOBODY, "outcome": "cancelled", "legs": [[None, "cancelled"]]})
async def click_given_up(stage: Stage) -> None:
    """101 clicks, picks up, and hangs up while the mobile rings."""
    await click(stage)
    own = await taken(stage, "101")
    mobile = await stage.away(MOBILE)
    await moment(0.8)
    await own.hang_up()
    await mobile.ended()


@story({**CLICK, **NOBODY, "outcome": "no_answer"})
async def click_no_answer(stage: Stage) -> None:
    """101 clicks and picks up; the mobile is away: 480."""
    await click(stage)
    own = await taken(stage, "101")
    await (await stage.away(MOBILE)).reject(480)
    await own.ended()


@story({"direction": "internal", "caller_extension": "101", "dialed": "102", "outcome": "answered",
        "answered_by": ["102"], "owner": "102"})  # fmt: skip
async def click_internal(stage: Stage) -> None:
    """101 clicks on 102."""
    await click(stage, "102")
    own = await taken(stage, "101")
    other = await taken(stage, "102")
    await moment(0.8)
    await own.hang_up()
    await other.ended()


@story({**CLICK, "outcome": "answered", "answered_by": [], "owner": "101"})
async def click_through_local_channel(stage: Stage) -> None:
    """A click that dials the user through a Local channel, as some CRMs do."""
    await stage.ami.act(
        "Originate", Channel="Local/101@from-internal", Context="from-internal", Exten=MOBILE, Priority="1",
        CallerID="Click <101>", Timeout="8000", Async="true",
    )  # fmt: skip
    own = await taken(stage, "101")
    mobile = await stage.away(MOBILE)
    await moment()
    await mobile.answer()
    await moment(0.8)
    await own.hang_up()
    await mobile.ended()


@story({**CLICK, "outcome": "answered", "answered_by": ["103"], "owner": "103"})
async def click_then_blind_transfer(stage: Stage) -> None:
    """101 clicks, talks to the mobile, gives it to 103."""
    await click(stage)
    own = await taken(stage, "101")
    mobile = await stage.away(MOBILE)
    await mobile.answer()
    await moment(0.8)
    await own.transfer("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await mobile.hang_up()
    await third.ended()


@story({**KEPT, "ended_by": "pbx"})
async def hang_up_by_action(stage: Stage) -> None:
    """AMI hangs 101's channel up."""
    caller, agent = await conversation(stage)
    await stage.ami.act("Hangup", Channel=stage.channel("101"))
    await agent.ended()
    await caller.ended()
