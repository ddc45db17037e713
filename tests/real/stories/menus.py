"""Menus, announcements and voicemail: before an agent, or instead of one."""

from tests.real.stage import IVAN, Stage, moment, story, talk

INBOUND = {"direction": "inbound", "caller_number": IVAN}
NOBODY = {"answered_by": [], "owner": None, "talk_seconds": 0.0}
MENU = {**INBOUND, "dialed": "+74951234570"}


@story({**MENU, "queue": "sales", "outcome": "answered", "answered_by": ["101"], "owner": "101"})
async def menu_then_queue(stage: Stage) -> None:
    """Ivan presses 1 in the menu and gets sales; 101 answers."""
    caller = await stage.outside("70")
    await caller.answered()
    await moment(0.6)
    await caller.press("1")
    agent = await (await stage.phone("101")).rings()
    await agent.answer()
    await talk(agent)
    await caller.hang_up()


@story({**MENU, "queue": None, "outcome": "answered", "answered_by": ["103"], "owner": "103"})
async def menu_then_extension(stage: Stage) -> None:
    """Ivan presses 2 in the menu and gets 103."""
    caller = await stage.outside("70")
    await caller.answered()
    await moment(0.6)
    await caller.press("2")
    agent = await (await stage.phone("103")).rings()
    await moment()
    await agent.answer()
    await talk(agent)
    await agent.hang_up()


@story({**MENU, **NOBODY, "outcome": "cancelled", "legs": [], "ended_by": "caller"})
async def menu_caller_hangs_up(stage: Stage) -> None:
    """Ivan hangs up in the menu."""
    caller = await stage.outside("70")
    await talk(caller)
    await caller.hang_up()


@story({**MENU, **NOBODY, "outcome": "failed", "legs": [], "ended_by": "pbx"})
async def menu_pbx_hangs_up(stage: Stage) -> None:
    """Ivan presses nothing; the menu says good-bye and hangs up."""
    await (await stage.outside("70")).ended()


@story({**MENU, **NOBODY, "outcome": "no_answer", "voicemail": True})
async def menu_then_voicemail(stage: Stage) -> None:
    """Ivan presses 3 in the menu and leaves a message."""
    caller = await stage.outside("70")
    await caller.answered()
    await moment(0.6)
    await caller.press("3")
    await moment(1.0)
    await caller.speak(3.0)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234579", "outcome": "failed", "legs": [], "ended_by": "pbx"})
async def announcement(stage: Stage) -> None:
    """An announcement is played, then the PBX hangs up."""
    await (await stage.outside("79")).ended()


@story({**INBOUND, **NOBODY, "dialed": "+74951234572", "outcome": "no_answer", "voicemail": True,
        "legs": [["103", "no_answer"]]})  # fmt: skip
async def voicemail_left(stage: Stage) -> None:
    """103 does not answer; Ivan leaves a message of three seconds."""
    caller = await stage.outside("72")
    await (await (await stage.phone("103")).rings()).ended()
    await caller.answered()
    await moment(0.6)
    await caller.speak(4.0)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234572", "outcome": "no_answer", "voicemail": False,
        "legs": [["103", "no_answer"]]})  # fmt: skip
async def voicemail_not_left(stage: Stage) -> None:
    """103 does not answer; Ivan hears the mailbox and hangs up."""
    caller = await stage.outside("72")
    await (await (await stage.phone("103")).rings()).ended()
    await caller.answered()
    await moment(0.3)
    await caller.hang_up()


@story({**INBOUND, **NOBODY, "dialed": "+74951234573", "voicemail": True, "legs": []})
async def voicemail_at_once(stage: Stage) -> None:
    """The number leads to a mailbox; Ivan leaves a message."""
    caller = await stage.outside("73")
    await caller.answered()
    await moment(0.6)
    await caller.speak(4.0)
    await caller.hang_up()
