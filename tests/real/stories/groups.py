"""Several phones for one call: ring groups, several devices, pickup, forwarding, the mobile."""

from tests.real.stage import IVAN, Stage, moment, story, talk

INBOUND = {"direction": "inbound", "caller_number": IVAN}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}


@story({**INBOUND, "dialed": "+74951234569", "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "legs": [["101", "cancelled"], ["102", "answered"]]})  # fmt: skip
async def ring_group_second_answers(stage: Stage) -> None:
    """101 and 102 ring; 102 answers."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("69")
    loser, winner = await first.rings(), await second.rings()
    await moment()
    await winner.answer()
    await loser.ended()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, "dialed": "+74951234569", "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "legs": [["101", "busy"], ["102", "answered"]]})  # fmt: skip
async def ring_group_one_busy(stage: Stage) -> None:
    """101 and 102 ring; 101 is busy, 102 answers."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("69")
    loser, winner = await first.rings(), await second.rings()
    await loser.reject(486)
    await moment()
    await winner.answer()
    await talk(caller)
    await winner.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234569", "outcome": "cancelled",
        "legs": [["101", "cancelled"], ["102", "cancelled"]]})  # fmt: skip
async def ring_group_given_up(stage: Stage) -> None:
    """101 and 102 ring; the caller gives up."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("69")
    await first.rings()
    last = await second.rings()
    await moment()
    await caller.hang_up()
    await last.ended()


@story({**INBOUND, "dialed": "+74951234580", "outcome": "answered", "answered_by": ["106"], "owner": "106"})
async def two_devices_of_one_user(stage: Stage) -> None:
    """106 has a desk phone and a soft phone; the soft phone answers."""
    desk, soft = await stage.phones("106", "106-softphone")
    caller = await stage.outside("80")
    loser, winner = await desk.rings(), await soft.rings()
    await moment()
    await winner.answer()
    await loser.ended()
    await talk(caller)
    await winner.hang_up()


@story({"direction": "internal", "caller_extension": "106", "dialed": "102", "outcome": "answered", "owner": "102"})
async def second_device_calls(stage: Stage) -> None:
    """106's soft phone calls 102."""
    soft, other = await stage.phones("106-softphone", "102")
    call = await soft.call("102")
    callee = await other.rings()
    await callee.answer()
    await talk(call)
    await callee.hang_up()


@story({"direction": "internal", "caller_extension": "102", "dialed": "101", "outcome": "answered",
        "answered_by": ["103"], "owner": "103", "legs": [["101", "cancelled"], ["103", "answered"]]})  # fmt: skip
async def directed_pickup(stage: Stage) -> None:
    """102 calls 101; 103 dials **101 and has the call."""
    caller_phone, rung, other = await stage.phones("102", "101", "103")
    call = await caller_phone.call("101")
    ringing = await rung.rings()
    await moment()
    picked = await other.call("**101")
    await ringing.ended()
    await talk(call, picked)
    await call.hang_up()
    await picked.ended()


@story({**INBOUND, "dialed": "+74951234567", "outcome": "answered", "answered_by": ["103"], "owner": "103",
        "legs": [["101", "cancelled"], ["103", "answered"]]})  # fmt: skip
async def pickup_of_a_channel(stage: Stage) -> None:
    """Ivan calls 101; 103 picks the phone's channel up (*8101)."""
    rung, other = await stage.phones("101", "103")
    caller = await stage.outside("67")
    ringing = await rung.rings()
    picked = await other.call("*8101")
    await ringing.ended()
    await talk(caller, picked)
    await caller.hang_up()


@story({**INBOUND, "dialed": "+74951234567", "outcome": "answered", "answered_by": ["104"], "owner": "104",
        "legs": [["101", "cancelled"], ["104", "answered"]]})  # fmt: skip
async def group_pickup(stage: Stage) -> None:
    """Ivan calls 101; 104 dials *8 and has the call."""
    rung, other = await stage.phones("101", "104")
    caller = await stage.outside("67")
    ringing = await rung.rings()
    await moment()
    picked = await other.call("*8")
    await ringing.ended()
    await talk(caller, picked)
    await picked.hang_up()
    await caller.ended()


@story({**INBOUND, "dialed": "+74951234568", "queue": "sales", "outcome": "answered", "answered_by": ["104"],
        "owner": "104"})  # fmt: skip
async def pickup_from_a_queue(stage: Stage) -> None:
    """Ivan waits in sales, 101 rings; 104 dials *8 and has the call."""
    rung, other = await stage.phones("101", "104")
    caller = await stage.outside("68")
    ringing = await rung.rings()
    await moment()
    picked = await other.call("*8")
    await ringing.ended()
    await talk(caller, picked)
    await caller.hang_up()
    await picked.ended()


@story({"direction": "internal", "caller_extension": "103", "dialed": None, "outcome": "failed", **NOBODY})
async def pickup_of_nothing(stage: Stage) -> None:
    """103 dials *8 while nothing rings."""
    await (await (await stage.phone("103")).call("*8")).ended()


@story({**INBOUND, "dialed": "+74951234567", "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "legs": [["101", "no_answer"], ["102", "answered"]]})  # fmt: skip
async def forwarded_to_extension(stage: Stage) -> None:
    """101's phone forwards to 102 (302), who answers."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("67")
    await (await first.rings()).forward("102")
    callee = await second.rings()
    await moment()
    await callee.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234567", "outcome": "cancelled"})
async def forwarded_then_given_up(stage: Stage) -> None:
    """101's phone forwards to 102 (302); the caller gives up while 102 rings."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("67")
    await (await first.rings()).forward("102")
    callee = await second.rings()
    await moment()
    await caller.hang_up()
    await callee.ended()


@story({**INBOUND, "dialed": "+74951234567", "outcome": "answered"})
async def forwarded_outside(stage: Stage) -> None:
    """101's phone forwards to a mobile outside (302), which answers."""
    caller = await stage.outside("67")
    await (await (await stage.phone("101")).rings()).forward("89030000001")
    mobile = await stage.away("89030000001")
    await moment()
    await mobile.answer()
    await talk(caller)
    await mobile.hang_up()
    await caller.ended()


@story({"direction": "internal", "caller_extension": "103", "dialed": "101", "outcome": "answered",
        "answered_by": ["102"], "owner": "102"})  # fmt: skip
async def forwarded_internal(stage: Stage) -> None:
    """103 calls 101, whose phone forwards to 102."""
    first, second, third = await stage.phones("101", "102", "103")
    call = await third.call("101")
    await (await first.rings()).forward("102")
    callee = await second.rings()
    await callee.answer()
    await talk(call)
    await call.hang_up()


@story({**INBOUND, "dialed": "+74951234581", "outcome": "answered"})
async def mobile_accepts(stage: Stage) -> None:
    """The number is forwarded to a mobile, which answers and accepts with 1."""
    caller = await stage.outside("81")
    mobile = await stage.away("89030000001")
    await moment()
    await mobile.answer()
    await moment(0.8)
    await mobile.press("1")
    await talk(caller)
    await caller.hang_up()
    await mobile.ended()


@story({**INBOUND, "dialed": "+74951234581"})
async def mobile_does_not_accept(stage: Stage) -> None:
    """The number is forwarded to a mobile, whose mailbox answers and never accepts."""
    caller = await stage.outside("81")
    mobile = await stage.away("89030000001")
    await mobile.answer()
    await caller.ended()


@story({**INBOUND, "dialed": "+74951234577", "outcome": "answered"})
async def desk_then_mobile_accepts(stage: Stage) -> None:
    """103 rings for four seconds, then the user's mobile; it accepts with 1."""
    caller = await stage.outside("77")
    await (await (await stage.phone("103")).rings()).ended()
    mobile = await stage.away("89030000001")
    await mobile.answer()
    await moment(0.8)
    await mobile.press("1")
    await talk(caller)
    await mobile.hang_up()
    await caller.ended()


@story({**INBOUND, "dialed": "+74951234578", "outcome": "answered", "answered_by": ["103"], "owner": "103"})
async def desk_and_mobile_desk_answers(stage: Stage) -> None:
    """103 and the user's mobile ring together; the desk answers."""
    caller = await stage.outside("78")
    desk = await (await stage.phone("103")).rings()
    mobile = await stage.away("89030000001")
    await desk.answer()
    await mobile.ended()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, "dialed": "+74951234578", "outcome": "answered"})
async def desk_and_mobile_mobile_accepts(stage: Stage) -> None:
    """103 and the user's mobile ring together; the mobile answers and accepts."""
    caller = await stage.outside("78")
    desk = await (await stage.phone("103")).rings()
    mobile = await stage.away("89030000001")
    await mobile.answer()
    await moment(0.8)
    await mobile.press("1")
    await desk.ended()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, "dialed": "+74951234582", "outcome": "answered", "legs": [[None, "answered"]]})
async def follow_me(stage: Stage) -> None:
    """FollowMe finds 103's owner at a mobile, who takes the call with 1."""
    caller = await stage.outside("82")
    mobile = await stage.away("89030000001")
    await mobile.answer()
    for _ in range(3):  # it listens between its prompts only
        await moment(1.2)
        await mobile.press("1")
    await talk(caller)
    await caller.hang_up()
