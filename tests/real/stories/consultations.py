"""Attended transfers, and consultations that come to nothing."""

from tests.real.stage import IVAN, Stage, moment, story, talk
from tests.real.stories.transfers import ATTENDED, GIVEN, INBOUND, KEPT, MOBILE, conversation, taken


@story({**GIVEN, **ATTENDED, "ended_by": "caller"})
async def attended_refer(stage: Stage) -> None:
    """101 holds Ivan, calls 103, who answers, and joins them by REFER with Replaces."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await agent.join(consultation)
    await agent.ended()
    await consultation.ended()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story({**GIVEN, **ATTENDED})
async def attended_refer_from_the_other_call(stage: Stage) -> None:
    """The same, but the REFER goes out in the consultation's dialog."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await consultation.join(agent)
    await agent.ended()
    await moment(0.8)
    await third.hang_up()
    await caller.ended()


@story({**GIVEN, **ATTENDED})
async def attended_refer_while_ringing(stage: Stage) -> None:
    """101 joins Ivan and 103 while 103 still rings; 103 answers."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    third = await (await stage.phone("103")).rings()
    await consultation.rings()
    await moment()
    await agent.join(consultation)
    await agent.ended()
    await moment()
    await third.answer()
    await moment(0.8)
    await caller.hang_up()
    await third.ended()


@story(
    {**GIVEN, "answered_by": ["101"], "owner": "101", "transfers": [["attended", "101", "+79030000001", "answered"]]}
)
async def attended_refer_outside(stage: Stage) -> None:
    """101 holds Ivan, calls a mobile, and joins them."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call(MOBILE)
    mobile = await stage.away(MOBILE)
    await mobile.answer()
    await talk(consultation)
    await agent.join(consultation)
    await agent.ended()
    await moment(0.8)
    await mobile.hang_up()
    await caller.ended()


@story({"direction": "outbound", "caller_extension": "101", "dialed": "+79030000001", "outcome": "answered",
        "answered_by": ["103"], "owner": "103", "transfers": [["attended", "101", "103", "answered"]]})  # fmt: skip
async def attended_of_an_outbound_call(stage: Stage) -> None:
    """101 called a mobile, holds it, calls 103, and joins them."""
    first = await stage.phone("101")
    agent = await first.call(MOBILE)
    mobile = await stage.away(MOBILE)
    await mobile.answer()
    await talk(agent)
    await agent.hold()
    consultation = await first.call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await agent.join(consultation)
    await agent.ended()
    await moment(0.8)
    await mobile.hang_up()
    await third.ended()


@story({**KEPT}, {"direction": "internal", "caller_extension": "101", "dialed": "103", "outcome": "answered",
                  "owner": "103"})  # fmt: skip
async def consultation_then_back(stage: Stage) -> None:
    """101 holds Ivan, asks 103, hangs up with 103 and goes back to Ivan."""
    caller, agent = await conversation(stage)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    await taken(stage, "103")
    await talk(consultation)
    await consultation.hang_up()
    await agent.resume()
    await moment(0.8)
    await caller.hang_up()
    await agent.ended()


@story({**GIVEN, **ATTENDED})
async def attended_feature_code(stage: Stage) -> None:
    """101 types *2 103, talks to 103, hangs up: Ivan has 103."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await agent.hang_up()
    await moment(1.0)
    await caller.hang_up()
    await third.ended()


@story({**GIVEN, **ATTENDED})
async def attended_feature_code_while_ringing(stage: Stage) -> None:
    """101 types *2 103 and hangs up while 103 rings; 103 answers."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    third = await (await stage.phone("103")).rings()
    await moment()
    await agent.hang_up()
    await moment()
    await third.answer()
    await moment(1.0)
    await caller.hang_up()
    await third.ended()


@story({**KEPT})
async def attended_feature_code_back(stage: Stage) -> None:
    """101 types *2 103; 103 declines; 101 has Ivan back."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    await (await (await stage.phone("103")).rings()).reject(486)
    await moment(2.5)
    await caller.hang_up()
    await agent.ended()


@story({**KEPT})
async def attended_feature_code_aborted(stage: Stage) -> None:
    """101 types *2 103, talks to 103, types *1: 103 is let go, 101 has Ivan back."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await agent.press("*1")
    await third.ended()
    await moment(0.8)
    await caller.hang_up()


@story({**KEPT})
async def attended_feature_code_no_answer(stage: Stage) -> None:
    """101 types *2 103; 103 does not answer; 101 has Ivan back."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    await (await (await stage.phone("103")).rings()).ended()
    await moment(2.0)
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, "outcome": "answered", "answered_by": ["101"], "owner": "101"})
async def attended_feature_code_no_answer_returns(stage: Stage) -> None:
    """101 types *2 103 and hangs up; 103 does not answer: 101 is rung again and answers."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    third = await (await stage.phone("103")).rings()
    await moment()
    await agent.hang_up()
    await third.ended()
    back = await taken(stage, "101")
    await moment(0.8)
    await caller.hang_up()
    await back.ended()


@story({**INBOUND, "outcome": "answered", "answered_by": ["101", "103"]})
async def three_way(stage: Stage) -> None:
    """101 types *2 103, talks to 103, types *3: all three talk; 101 leaves; Ivan and 103 go on."""
    caller, agent = await conversation(stage)
    await agent.press("*2")
    await moment(1.0)
    await agent.press("103")
    third = await taken(stage, "103")
    await moment(0.8)
    await agent.press("*3")
    await moment(1.5)
    await agent.hang_up()
    await moment(1.0)
    await caller.hang_up()
    await third.ended()


@story({**GIVEN, **ATTENDED})
async def attended_action(stage: Stage) -> None:
    """AMI's Atxfer on 101's channel: 103 answers, 101 hangs up."""
    caller, agent = await conversation(stage)
    agent.phone.soon(agent.speak(12.0))  # Asterisk types the digits for him only while sound comes in
    await stage.ami.act("Atxfer", Channel=stage.channel("101"), Exten="103", Context="from-internal")
    third = await taken(stage, "103")
    await moment(0.8)
    await agent.hang_up()
    await moment(1.0)
    await caller.hang_up()
    await third.ended()


@story({"direction": "internal", "caller_extension": "102", "dialed": "101", "outcome": "answered",
        "transfers": [["attended", "102", "103", "answered"]]})  # fmt: skip
async def attended_by_the_caller(stage: Stage) -> None:
    """102 calls 101, holds, calls 103, and joins 101 and 103."""
    second, first = await stage.phones("102", "101")
    call = await second.call("101")
    callee = await first.rings()
    await callee.answer()
    await talk(call)
    await call.hold()
    consultation = await second.call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await call.join(consultation)
    await call.ended()
    await moment(0.8)
    await callee.hang_up()
    await third.ended()


@story({"direction": "inbound", "caller_number": IVAN, "dialed": "+74951234568", "queue": "sales",
        "outcome": "answered", "answered_by": ["101", "103"], "owner": "103", **ATTENDED})  # fmt: skip
async def attended_from_a_queue(stage: Stage) -> None:
    """Ivan comes by the queue to 101, who gives him to 103, attended."""
    caller, agent = await stage.outside("68"), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await agent.hold()
    consultation = await (await stage.phone("101")).call("103")
    third = await taken(stage, "103")
    await talk(consultation)
    await agent.join(consultation)
    await agent.ended()
    await moment(0.8)
    await third.hang_up()
    await caller.ended()
