"""Two people and a line between them."""

from tests.real.stage import IVAN, MARIA, Stage, moment, story, talk

DIRECT = "+74951234567"
INBOUND = {"direction": "inbound", "caller_number": IVAN, "dialed": DIRECT}
OUTBOUND = {"direction": "outbound", "caller_extension": "101", "dialed": "+79030000001"}
TALKED = {"outcome": "answered", "answered_by": ["101"], "owner": "101"}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}


@story({**INBOUND, **TALKED, "legs": [["101", "answered"]], "ended_by": "caller"})
async def inbound_caller_hangs_up(stage: Stage) -> None:
    """Ivan calls, 101 answers, Ivan hangs up."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, **TALKED, "legs": [["101", "answered"]], "ended_by": "callee"}, snapshot=True)
async def inbound_agent_hangs_up(stage: Stage) -> None:
    """Ivan calls, 101 answers and hangs up."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await caller.ended()


@story({**INBOUND, **NOBODY, "outcome": "cancelled", "legs": [["101", "cancelled"]], "ended_by": "caller"})
async def inbound_caller_gives_up(stage: Stage) -> None:
    """Ivan gives up while 101 rings."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, **NOBODY, "dialed": "+74951234588", "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "talk_seconds": None, "legs": [["101", "no_answer"], ["102", "answered"]]})  # fmt: skip
async def inbound_no_answer_then_next(stage: Stage) -> None:
    """The dialplan rings 101 for three seconds, then 102, who answers."""
    caller = await stage.outside("88")
    await (await (await stage.phone("101")).rings()).ended()
    agent = await (await stage.phone("102")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "outcome": "busy", "legs": [["101", "busy"]]})
async def inbound_agent_busy(stage: Stage) -> None:
    """101's phone says 486."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await agent.reject(486)
    await caller.ended()


@story({**INBOUND, **NOBODY, "outcome": "busy", "cause": "rejected", "legs": [["101", "busy"]]})
async def inbound_agent_declines(stage: Stage) -> None:
    """101 presses Decline: 603."""
    caller, agent = await stage.outside("67"), await (await stage.phone("101")).rings()
    await moment()
    await agent.reject(603)
    await caller.ended()


@story({**INBOUND, **TALKED, "caller_number": None})
async def inbound_withheld(stage: Stage) -> None:
    """A caller who withholds the number."""
    caller, agent = await stage.outside("67", withheld=True), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **TALKED, "caller_number": "+442079460123", "caller_name": "O'Neil & Sons <b>Ltd</b>"})
async def inbound_foreign(stage: Stage) -> None:
    """A caller from London whose name has an apostrophe and tags in it."""
    caller = await stage.outside("67", "+442079460123", "O'Neil & Sons <b>Ltd</b>")
    agent = await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **TALKED, "caller_name": "Иван Петров ☎ 😀"})
async def inbound_utf8_name(stage: Stage) -> None:
    """A caller whose name is Russian, with an emoji."""
    caller = await stage.outside("67", name="Иван Петров ☎ 😀")
    agent = await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **TALKED})
async def inbound_long_name(stage: Stage) -> None:
    """A caller whose name has 300 characters."""
    caller = await stage.outside("67", name="Общество " * 33 + "ООО")
    agent = await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234590", "outcome": "busy", "legs": []})
async def inbound_busy_by_the_pbx(stage: Stage) -> None:
    """The PBX answers an inbound call with busy."""
    await (await stage.outside("90")).ended()


@story({**INBOUND, **NOBODY, "dialed": "+74951234589", "outcome": "failed", "cause": "congestion", "legs": []})
async def inbound_congestion(stage: Stage) -> None:
    """The PBX answers an inbound call with congestion."""
    await (await stage.outside("89")).ended()


@story()
async def inbound_unknown_number(stage: Stage) -> None:
    """Somebody outside calls a number that leads nowhere: Asterisk refuses before it makes a channel."""
    await (await stage.outside("00")).ended()


@story({**INBOUND, **TALKED, "dialed": "+74951234586", "legs": [["101", "answered"]]})
async def inbound_through_local_channel(stage: Stage) -> None:
    """The dialplan reaches 101 through a Local channel."""
    caller, agent = await stage.outside("86"), await (await stage.phone("101")).rings()
    await moment()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await caller.ended()


@story({**INBOUND, **TALKED, "dialed": "+74951234585"})
async def inbound_recorded(stage: Stage) -> None:
    """A call that MixMonitor records."""
    caller, agent = await stage.outside("85"), await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, "dialed": "+74951234587", "outcome": "answered", "answered_by": ["201"], "owner": "201"})
async def inbound_other_endpoint_name(stage: Stage) -> None:
    """The phone of extension 201 is called 150010001."""
    caller, agent = await stage.outside("87"), await (await stage.phone("150010001")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**OUTBOUND, "outcome": "answered", "answered_by": [], "owner": "101", "ended_by": "caller"})
async def outbound_answered(stage: Stage) -> None:
    """101 calls a mobile, which answers."""
    agent = await (await stage.phone("101")).call("89030000001")
    mobile = await stage.away("89030000001")
    await moment()
    await mobile.answer()
    await talk(agent)
    await agent.hang_up()
    await mobile.ended()


@story({**OUTBOUND, "outcome": "answered", "answered_by": [], "owner": "101", "ended_by": "callee"}, snapshot=True)
async def outbound_callee_hangs_up(stage: Stage) -> None:
    """101 calls a mobile, which answers and hangs up."""
    agent = await (await stage.phone("101")).call("89030000001")
    mobile = await stage.away("89030000001")
    await mobile.answer()
    await talk(agent)
    await mobile.hang_up()
    await agent.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "cancelled", "legs": [[None, "cancelled"]], "ended_by": "caller"})
async def outbound_given_up(stage: Stage) -> None:
    """101 calls a mobile and gives up."""
    agent = await (await stage.phone("101")).call("89030000001")
    mobile = await stage.away("89030000001")
    await moment()
    await agent.hang_up()
    await mobile.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "busy", "legs": [[None, "busy"]]})
async def outbound_busy(stage: Stage) -> None:
    """101 calls a mobile that is busy."""
    agent = await (await stage.phone("101")).call("89030000001")
    await (await stage.away("89030000001")).reject(486)
    await agent.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "busy", "cause": "rejected"})
async def outbound_declined(stage: Stage) -> None:
    """101 calls a mobile that declines: 603."""
    agent = await (await stage.phone("101")).call("89030000001")
    await (await stage.away("89030000001")).reject(603)
    await agent.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "failed", "cause": "unallocated"})
async def outbound_unknown_number(stage: Stage) -> None:
    """101 calls a number that does not exist: 404."""
    agent = await (await stage.phone("101")).call("89030000001")
    await (await stage.away("89030000001")).reject(404)
    await agent.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "failed", "cause": "congestion"})
async def outbound_congestion(stage: Stage) -> None:
    """The line is full: 503."""
    agent = await (await stage.phone("101")).call("89030000001")
    await (await stage.away("89030000001")).reject(503)
    await agent.ended()


@story({**OUTBOUND, **NOBODY, "outcome": "no_answer"})
async def outbound_away(stage: Stage) -> None:
    """The mobile is switched off: 480."""
    agent = await (await stage.phone("101")).call("89030000001")
    await (await stage.away("89030000001")).reject(480)
    await agent.ended()


@story({**OUTBOUND, "dialed": "+442079460123", "outcome": "answered", "owner": "101"})
async def outbound_foreign(stage: Stage) -> None:
    """101 calls London as 810 44 …"""
    agent = await (await stage.phone("101")).call("810442079460123")
    mobile = await stage.away("810442079460123")
    await mobile.answer()
    await talk(agent)
    await agent.hang_up()


@story({**INBOUND, **TALKED}, {**INBOUND, **TALKED, "caller_number": MARIA})
async def two_calls_at_once(stage: Stage) -> None:
    """101 talks with Ivan; Maria calls; 101 puts Ivan on hold, talks with Maria, goes back to Ivan."""
    agent = await stage.phone("101")
    ivan = await stage.outside("67")
    first = await agent.rings()
    await first.answer()
    await talk(ivan)
    maria = await stage.outside("67", MARIA, "Maria")
    second = await agent.rings()
    await first.hold()
    await second.answer()
    await talk(maria)
    await maria.hang_up()
    await second.ended()
    await first.resume()
    await moment()
    await ivan.hang_up()
    await first.ended()


@story({**INBOUND, **TALKED}, {**INBOUND, **NOBODY, "caller_number": MARIA, "outcome": "busy"})
async def second_call_refused(stage: Stage) -> None:
    """101 talks with Ivan; Maria calls and 101's phone says busy."""
    agent = await stage.phone("101")
    ivan = await stage.outside("67")
    first = await agent.rings()
    await first.answer()
    await talk(ivan)
    maria = await stage.outside("67", MARIA, "Maria")
    await (await agent.rings()).reject(486)
    await maria.ended()
    await ivan.hang_up()
