"""What machines do to calls: we connect late, lose the line, the PBX restarts."""

import signal

from tests.real.stage import IVAN, MARIA, Stage, moment, story, talk
from tests.real.stories.transfers import INBOUND, KEPT, MOBILE, conversation, taken


@story({**KEPT, "complete": False, "ended_by": "caller"}, late=True)
async def connect_while_talking(stage: Stage) -> None:
    """We connect while Ivan and 101 talk."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller, seconds=2.0)
    await stage.connect()
    await moment(1.0)
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, "outcome": "answered", "answered_by": ["101"], "owner": "101"}, late=True)
async def connect_while_ringing(stage: Stage) -> None:
    """We connect while 101 rings for Ivan."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment(1.0)
    await stage.connect()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await caller.ended()


@story({"direction": "inbound", "caller_number": IVAN, "queue": "sales", "outcome": "answered"}, late=True)
async def connect_while_queued(stage: Stage) -> None:
    """We connect while Ivan waits in sales and 101 rings."""
    caller, agent = await stage.outside("68"), await (await stage.phone("101")).rings()
    await moment(0.6)
    await stage.connect()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**KEPT}, {"direction": "outbound", "caller_extension": "102", "dialed": "+79030000001"}, late=True)
async def connect_while_held_and_dialling(stage: Stage) -> None:
    """We connect while 101 holds Ivan, and 102's call rings at a mobile."""
    caller, agent = await conversation(stage)
    await agent.hold()
    other = await (await stage.phone("102")).call(MOBILE)
    mobile = await stage.away(MOBILE)
    await moment()
    await stage.connect()
    await mobile.answer()
    await talk(other)
    await agent.resume()
    await moment()
    await other.hang_up()
    await caller.hang_up()


@story({**INBOUND, "outcome": "answered"}, late=True)
async def connect_in_consultation(stage: Stage) -> None:
    """We connect while 101 holds Ivan and talks to 103; then 101 joins them."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await stage.connect()
    await agent.join(consultation)
    await agent.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story({**KEPT, "ended_by": "caller"}, snapshot=True)
async def link_lost_and_back(stage: Stage) -> None:
    """Our line to AMI drops for two seconds while Ivan and 101 talk; nothing happens meanwhile."""
    caller, agent = await conversation(stage)
    await stage.ami.close(goodbye=False)
    await moment(2.0)
    await stage.connect()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**KEPT, "complete": False}, snapshot=True)
async def link_lost_call_ended_meanwhile(stage: Stage) -> None:
    """Our line drops while Ivan and 101 talk; they hang up before it is back."""
    caller, agent = await conversation(stage)
    await stage.ami.close(goodbye=False)
    await caller.hang_up()
    await agent.ended()
    await moment(1.0)
    await stage.connect()
    await moment()


@story({**INBOUND, "outcome": "answered", "answered_by": ["101"], "owner": "101"}, snapshot=True)
async def link_lost_answered_meanwhile(stage: Stage) -> None:
    """Our line drops while 101 rings; 101 answers; our line is back; Ivan hangs up."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment()
    await stage.ami.close(goodbye=False)
    await agent.answer()
    await talk(caller)
    await stage.connect()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, "outcome": "answered"}, {**INBOUND, "caller_number": MARIA}, snapshot=True)
async def link_lost_transferred_meanwhile(stage: Stage) -> None:
    """Our line drops; 101 gives Ivan to 103, Maria calls 101 and is answered; our line is back; both end."""
    caller, agent = await conversation(stage)
    await stage.ami.close(goodbye=False)
    await agent.transfer("103")
    third = await taken(stage, "103")
    await agent.ended()
    maria = await stage.outside("67", MARIA, "Maria")
    other = await taken(stage, "101")
    await moment()
    await stage.connect()
    await moment()
    await caller.hang_up()
    await third.ended()
    await other.hang_up()
    await maria.ended()


@story({**KEPT, "ended_by": "restart"}, {**INBOUND, "outcome": "answered", "caller_number": MARIA}, snapshot=True)
async def restart_in_mid_call(stage: Stage) -> None:
    """Asterisk is stopped (SIGTERM) while Ivan and 101 talk, and started again; then Maria calls."""
    await conversation(stage)
    await stage.pbx.again()
    await stage.connect()
    maria, other = await stage.outside("67", MARIA, "Maria"), await (await stage.phone("101")).rings()
    await other.answer()
    await talk(maria)
    await maria.hang_up()


@story({**KEPT, "ended_by": "restart"}, snapshot=True)
async def crash_in_mid_call(stage: Stage) -> None:
    """Asterisk dies (SIGKILL) while Ivan and 101 talk, and is started again."""
    await conversation(stage)
    await moment(3.0)
    await stage.pbx.again(signal.SIGKILL)
    await stage.connect()
    await moment()
