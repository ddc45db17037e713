"""From one of our phones to another."""

from tests.real.stage import Stage, moment, story, talk

INTERNAL = {"direction": "internal", "caller_extension": "101", "dialed": "102"}
CODE = {"direction": "internal", "caller_extension": "104", "dialed": None, "answered_by": []}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}


@story({**INTERNAL, "outcome": "answered", "answered_by": ["102"], "owner": "102", "ended_by": "caller"})
async def internal_answered(stage: Stage) -> None:
    """101 calls 102."""
    first, second = await stage.phones("101", "102")
    call = await first.call("102")
    callee = await second.rings()
    await moment()
    await callee.answer()
    await talk(call)
    await call.hang_up()
    await callee.ended()


@story({**INTERNAL, **NOBODY, "outcome": "no_answer", "legs": [["102", "no_answer"]]})
async def internal_no_answer(stage: Stage) -> None:
    """101 calls 102, who does not answer for twelve seconds."""
    first, second = await stage.phones("101", "102")
    call = await first.call("102")
    await (await second.rings()).ended()
    await call.ended()


@story({**INTERNAL, **NOBODY, "dialed": "105"}, snapshot=True)
async def internal_phone_off(stage: Stage) -> None:
    """101 calls 105, whose phone is not registered; then it is again."""
    first, gone = await stage.phones("101", "105")
    await gone.register(0)
    await (await first.call("105")).ended()
    await gone.register()


@story({**INTERNAL, **NOBODY, "outcome": "busy", "legs": [["102", "busy"]]})
async def internal_busy(stage: Stage) -> None:
    """101 calls 102, whose phone is busy; the PBX plays a busy tone."""
    first, second = await stage.phones("101", "102")
    call = await first.call("102")
    await (await second.rings()).reject(486)
    await call.ended()


@story()
async def internal_unknown_extension(stage: Stage) -> None:
    """101 calls an extension that does not exist: Asterisk refuses before it makes a channel."""
    await (await (await stage.phone("101")).call("199")).ended()


@story({**CODE}, {**INTERNAL, **NOBODY, "dialed": "104", "outcome": "busy", "legs": []}, {**CODE}, snapshot=True)
async def do_not_disturb(stage: Stage) -> None:
    """104 dials *78; 101 calls 104 and hears busy; 104 dials *79."""
    quiet, other = await stage.phones("104", "101")
    await (await quiet.call("*78")).ended()
    call = await other.call("104")
    await call.ended()
    await (await quiet.call("*79")).ended()
