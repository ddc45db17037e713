"""Queues: who waits, who is rung, who answers."""

from tests.real.stage import IVAN, MARIA, Stage, moment, story, talk
from tests.real.stories.transfers import unwilling

INBOUND = {"direction": "inbound", "caller_number": IVAN}
SALES = {**INBOUND, "dialed": "+74951234568", "queue": "sales"}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}


@story({**SALES, "outcome": "answered", "answered_by": ["101"], "owner": "101", "legs": [["101", "answered"]],
        "ended_by": "caller"})  # fmt: skip
async def queue_first_answers(stage: Stage) -> None:
    """Ivan waits in sales; 101 answers."""
    caller, agent = await stage.outside("68"), await (await stage.phone("101")).rings()
    await moment()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()
    await agent.ended()


@story({**SALES, "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "legs": [["101", "no_answer"], ["102", "answered"]], "ended_by": "callee"}, snapshot=True)  # fmt: skip
async def queue_second_answers(stage: Stage) -> None:
    """Ivan waits in sales; 101 does not answer, 102 does."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("68")
    await (await first.rings()).ended()
    agent = await second.rings()
    await moment()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await caller.ended()


@story({**SALES, "outcome": "answered", "answered_by": ["102"], "owner": "102",
        "legs": [["101", "busy"], ["102", "answered"]]})  # fmt: skip
async def queue_first_declines(stage: Stage) -> None:
    """101 declines the queue's call, 102 answers."""
    first, second = await stage.phones("101", "102")
    caller = await stage.outside("68")
    await (await first.rings()).reject(603)
    agent = await second.rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**SALES, **NOBODY, "outcome": "abandoned", "legs": [["101", "cancelled"]], "ended_by": "caller"})
async def queue_abandoned_while_ringing(stage: Stage) -> None:
    """Ivan gives up while 101 rings for the queue."""
    caller, agent = await stage.outside("68"), await (await stage.phone("101")).rings()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, **NOBODY, "dialed": "+74951234583", "queue": "nobody", "outcome": "abandoned", "legs": []})
async def queue_abandoned_without_agents(stage: Stage) -> None:
    """Ivan waits in a queue that has no members, and gives up."""
    caller = await stage.outside("83")
    await caller.answered()
    await stage.ami.event("QueueCallerJoin")
    await moment(1.0)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234583", "queue": "nobody", "legs": []})
async def queue_times_out(stage: Stage) -> None:
    """Ivan waits in a queue without members until it gives him up after four seconds."""
    await (await stage.outside("83")).ended()


@story({**INBOUND, "dialed": "+74951234575", "queue": "support", "queues": ["sales", "support"],
        "outcome": "answered", "answered_by": ["103"], "owner": "103"})  # fmt: skip
async def queue_overflows_into_another(stage: Stage) -> None:
    """Nobody in sales answers for five seconds; then support rings all, 103 answers."""
    first, third = await stage.phones("101", "103")
    caller = await stage.outside("75")
    await (await first.rings()).ended()
    winner = await third.rings()
    await moment()
    await winner.answer()
    await talk(caller)
    await caller.hang_up()
    await winner.ended()


@story({**INBOUND, "dialed": "+74951234571", "queue": "support", "outcome": "answered", "answered_by": ["102"],
        "owner": "102", "legs": [["101", "cancelled"], ["102", "answered"], ["103", "cancelled"]]})  # fmt: skip
async def queue_rings_all(stage: Stage) -> None:
    """Support rings 101, 102 and 103; 102 answers."""
    first, second, third = await stage.phones("101", "102", "103")
    caller = await stage.outside("71")
    one, two, three = await first.rings(), await second.rings(), await third.rings()
    await moment()
    await two.answer()
    await one.ended()
    await three.ended()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234571", "queue": "support", "outcome": "abandoned"})
async def queue_rings_all_abandoned(stage: Stage) -> None:
    """Support rings all; the caller gives up."""
    first, second, third = await stage.phones("101", "102", "103")
    caller = await stage.outside("71")
    await first.rings()
    await second.rings()
    last = await third.rings()
    await moment()
    await caller.hang_up()
    await last.ended()


@story({**INBOUND, "dialed": "+74951234574", "queue": "local", "outcome": "answered", "owner": "103",
        "answered_by": ["103"], "legs": [["103", "answered"]]})  # fmt: skip
async def queue_of_local_members(stage: Stage) -> None:
    """A queue reaches 103 through Local channels, as FreePBX does."""
    caller, agent = await stage.outside("74"), await (await stage.phone("103")).rings()
    await moment()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await caller.ended()


@story({**INBOUND, "dialed": "+74951234574", "queue": "local", "outcome": "answered", "owner": "104",
        "answered_by": ["104"], "legs": [["103", "busy"], ["104", "answered"]]})  # fmt: skip
async def queue_of_local_members_second(stage: Stage) -> None:
    """A queue of Local members: 103 is busy, 104 answers."""
    first, second = await stage.phones("103", "104")
    first.reaction = unwilling
    caller = await stage.outside("74")
    agent = await second.rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234574", "queue": "local", "outcome": "abandoned"})
async def queue_of_local_members_abandoned(stage: Stage) -> None:
    """A queue of Local members; the caller gives up while one rings."""
    caller, agent = await stage.outside("74"), await (await stage.phone("103")).rings()
    await moment()
    await caller.hang_up()
    await agent.ended()


@story({**INBOUND, "dialed": "+74951234584", "outcome": "answered", "answered_by": ["102"], "owner": "102"})
async def queue_that_does_not_let_in(stage: Stage) -> None:
    """All members are paused: the queue takes nobody in; 102 rings instead."""
    await stage.ami.act("QueuePause", Queue="strict", Interface=stage.endpoint("105"), Paused="true", Reason="lunch")
    caller, agent = await stage.outside("84"), await (await stage.phone("102")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()
    await stage.ami.act("QueuePause", Queue="strict", Interface=stage.endpoint("105"), Paused="false")


@story({**INBOUND, "dialed": "+74951234584", "queue": "strict", "outcome": "answered", "answered_by": ["102"],
        "owner": "102"})  # fmt: skip
async def queue_becomes_empty(stage: Stage) -> None:
    """The only member pauses while Ivan waits: the queue lets him go, 102 rings and answers."""
    caller, only = await stage.outside("84"), await (await stage.phone("105")).rings()
    await stage.ami.act("QueuePause", Queue="strict", Interface=stage.endpoint("105"), Paused="true", Reason="lunch")
    await only.ended()
    agent = await (await stage.phone("102")).rings()
    await agent.answer()
    await talk(caller)
    await caller.hang_up()
    await stage.ami.act("QueuePause", Queue="strict", Interface=stage.endpoint("105"), Paused="false")


@story({**INBOUND, "dialed": "+74951234591", "queue": "dynamic", "outcome": "answered", "owner": "104"}, snapshot=True)
async def queue_member_logs_in(stage: Stage) -> None:
    """Ivan waits in a queue nobody serves; 104 is added, answers, and is removed."""
    agent_phone = await stage.phone("104")
    caller = await stage.outside("91")
    await stage.ami.event("QueueCallerJoin")
    await stage.ami.act(
        "QueueAdd", Queue="dynamic", Interface=stage.endpoint("104"), MemberName="Gleb", Penalty="0", Paused="false"
    )
    agent = await agent_phone.rings()
    await agent.answer()
    await talk(caller)
    await agent.hang_up()
    await stage.ami.act("QueueRemove", Queue="dynamic", Interface=stage.endpoint("104"))


@story({**SALES, "outcome": "answered", "owner": "101"},
       {**SALES, "caller_number": MARIA, "outcome": "answered", "owner": "102"})  # fmt: skip
async def queue_two_callers(stage: Stage) -> None:
    """Ivan and Maria wait in sales; 101 takes Ivan, 102 takes Maria."""
    first, second = await stage.phones("101", "102")
    ivan = await stage.outside("68")
    one = await first.rings()
    maria = await stage.outside("68", MARIA, "Maria")
    two = await second.rings()
    await one.answer()
    await two.answer()
    await talk(ivan, maria)
    await ivan.hang_up()
    await two.hang_up()
    await maria.ended()


@story({"direction": "internal", "caller_extension": "103", "queue": "sales", "dialed": "600", "outcome": "answered",
        "answered_by": ["101"], "owner": "101"})  # fmt: skip
async def queue_called_from_inside(stage: Stage) -> None:
    """103 calls the sales queue; 101 answers."""
    inside, first = await stage.phones("103", "101")
    call = await inside.call("600")
    agent = await first.rings()
    await agent.answer()
    await talk(call)
    await call.hang_up()
