"""Blind transfers of every kind: who gives a call to whom, and whether it arrives."""

from tests.real.conversation import Call
from tests.real.stage import IVAN, Stage, moment, story, talk

INBOUND = {"direction": "inbound", "caller_number": IVAN, "dialed": "+74951234567"}
GIVEN = {**INBOUND, "outcome": "answered", "answered_by": ["101", "103"], "owner": "103"}
KEPT = {**INBOUND, "outcome": "answered", "answered_by": ["101"], "owner": "101"}
BLIND = {"transfers": [["blind", "101", "103", "answered"]]}
ATTENDED = {"transfers": [["attended", "101", "103", "answered"]]}
MOBILE = "89030000001"


async def conversation(stage: Stage) -> tuple[Call, Call]:
    """Ivan and 101, talking: Ivan's call and 101's."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    return caller, agent


async def taken(stage: Stage, extension: str) -> Call:
    """Whoever rings at `extension` is answered after a moment."""
    while True:
        call = await (await stage.phone(extension)).rings()
        await moment()
        if not call.is_over.is_set():
            return await call.answer()


@story({**GIVEN, **BLIND, "ended_by": "caller"})
async def blind_refer(stage: Stage) -> None:
    """101 gives Ivan to 103 by REFER; 103 answers."""
    caller, agent = await conversation(stage)
    await agent.transfer("103")
    third = await taken(stage, "103")
    await agent.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story({**KEPT, "transfers": [["blind", "101", "103", "busy"]]})
async def blind_refer_busy(stage: Stage) -> None:
    """101 gives Ivan to 103, whose phone is busy; Ivan hears the busy tone and is hung up."""
    caller, agent = await conversation(stage)
    await agent.transfer("103")
    await (await (await stage.phone("103")).rings()).reject(486)
    await caller.ended()


@story({**KEPT, "transfers": [["blind", "101", "103", "no_answer"]]})
async def blind_refer_no_answer(stage: Stage) -> None:
    """101 gives Ivan to 103, who does not answer for twelve seconds."""
    caller, agent = await conversation(stage)
    await agent.transfer("103")
    await (await (await stage.phone("103")).rings()).ended()
    await caller.ended()


@story({**KEPT, "transfers": [["blind", "101", "103", "no_answer"]], "ended_by": "caller"})
async def blind_refer_caller_gives_up(stage: Stage) -> None:
    """101 gives Ivan to 103; Ivan hangs up while 103 rings."""
    caller, agent = await conversation(stage)
    await agent.transfer("103")
    third = await (await stage.phone("103")).rings()
    await agent.hang_up()
    await moment()
    await caller.hang_up()
    await third.ended()


@story({**KEPT, "answered_by": ["101"], "transfers": [["blind", "101", "105", "returned"]]})
async def blind_refer_returns(stage: Stage) -> None:
    """101 gives Ivan to 105, who does not answer; the dialplan rings 101 again, who answers."""
    caller, agent = await conversation(stage)
    await agent.transfer("105")
    await (await (await stage.phone("105")).rings()).ended()
    back = await taken(stage, "101")
    await moment(0.8)
    await caller.hang_up()
    await back.ended()


@story({**KEPT, "transfers": []})
async def blind_refer_nowhere(stage: Stage) -> None:
    """101 gives Ivan to an extension that does not exist: the PBX refuses, they go on talking."""
    caller, agent = await conversation(stage)
    await agent.transfer("199")
    await moment(1.0)
    await caller.hang_up()


@story({**GIVEN, "transfers": [["blind", "101", "+79030000001", "answered"]], "answered_by": ["101"], "owner": "101"})
async def blind_refer_outside(stage: Stage) -> None:
    """101 gives Ivan to a mobile outside."""
    caller, agent = await conversation(stage)
    await agent.transfer(MOBILE)
    mobile = await stage.away(MOBILE)
    await moment()
    await mobile.answer()
    await moment(0.8)
    await mobile.hang_up()
    await caller.ended()


@story({**INBOUND, "outcome": "answered", "queue": "sales", "transfers": [["blind", "101", "sales", "answered"]],
        "answered_by": ["101", "102"], "owner": "102"})  # fmt: skip
async def blind_refer_to_queue(stage: Stage) -> None:
    """101 gives Ivan to the sales queue; 101 does not take him, 102 does."""
    caller, agent = await conversation(stage)
    agent.phone.reaction = unwilling
    await agent.transfer("600")
    await agent.ended()
    second = await taken(stage, "102")
    await moment(0.8)
    await caller.hang_up()
    await second.ended()


async def unwilling(call: Call) -> None:
    """A phone that is set to refuse whatever comes."""
    call.ring()
    await call.reject(486)


@story({**GIVEN, "answered_by": ["101", "103", "104"], "owner": "104",
        "transfers": [["blind", "101", "103", "answered"], ["blind", "103", "104", "answered"]]})  # fmt: skip
async def blind_twice(stage: Stage) -> None:
    """101 gives Ivan to 103, who gives him to 104."""
    caller, agent = await conversation(stage)
    await agent.transfer("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await third.transfer("104")
    fourth = await taken(stage, "104")
    await moment(0.8)
    await fourth.hang_up()
    await caller.ended()


@story({**GIVEN, **BLIND})
async def blind_feature_code(stage: Stage) -> None:
    """101 types ## 103; 103 answers."""
    caller, agent = await conversation(stage)
    await agent.press("##")
    await moment(1.0)
    await agent.press("103")
    third = await taken(stage, "103")
    await agent.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story({"direction": "outbound", "caller_extension": "101", "dialed": "+79030000001", "outcome": "answered",
        "transfers": [["blind", "101", "103", "answered"]], "answered_by": ["103"], "owner": "103"})  # fmt: skip
async def blind_of_an_outbound_call(stage: Stage) -> None:
    """101 calls a mobile, talks, and gives it to 103 by REFER."""
    agent = await (await stage.phone("101")).call(MOBILE)
    mobile = await stage.away(MOBILE)
    await mobile.answer()
    await talk(agent)
    await agent.transfer("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await mobile.hang_up()
    await third.ended()


@story({"direction": "internal", "caller_extension": "102", "dialed": "101", "outcome": "answered",
        "transfers": [["blind", "102", "103", "answered"]]})  # fmt: skip
async def blind_by_the_caller(stage: Stage) -> None:
    """102 calls 101, and gives 101 to 103."""
    second, first = await stage.phones("102", "101")
    call = await second.call("101")
    callee = await first.rings()
    await callee.answer()
    await talk(call)
    await call.transfer("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await third.hang_up()
    await callee.ended()


@story({**GIVEN, "transfers": [["blind", None, "103", "answered"]]})
async def redirect_action(stage: Stage) -> None:
    """Ivan's channel is redirected to 103 through AMI."""
    caller, agent = await conversation(stage)
    await stage.ami.act("Redirect", Channel=stage.channel("trunk"), Context="from-internal", Exten="103", Priority="1")
    third = await taken(stage, "103")
    await agent.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story({**INBOUND, "outcome": "answered", "answered_by": ["103"], "owner": "103"})
async def redirect_while_ringing(stage: Stage) -> None:
    """Ivan's channel is redirected to 103 through AMI while 101 rings."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment()
    await stage.ami.act("Redirect", Channel=stage.channel("trunk"), Context="from-internal", Exten="103", Priority="1")
    await agent.ended()
    third = await taken(stage, "103")
    await talk(caller)
    await caller.hang_up()
    await third.ended()


@story({**GIVEN, **BLIND})
async def blind_action(stage: Stage) -> None:
    """AMI's BlindTransfer on 101's channel gives Ivan to 103."""
    caller, agent = await conversation(stage)
    await stage.ami.act("BlindTransfer", Channel=stage.channel("101"), Context="from-internal", Exten="103")
    third = await taken(stage, "103")
    await agent.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()
