"""A visit to a PBX: log in, look around, change nothing; `telephony.diagnosis` judges what was seen."""

import asyncio
import re
from contextlib import suppress

from config.settings import Pbx
from telephony.ami import asterisk_version
from telephony.diagnosis import EXPECTED_OF_PROBE, Finding, Seen, findings
from telephony.session import Refused, Session
from telephony.stream import Message

PROBE = {
    "Action": "Originate",
    "Channel": "Local/0@switchroom-doctor/n",
    "Application": "NoOp",
    "Variable": "CDR_PROP(disable)=1",
    "Timeout": "1000",
    "Async": "true",
}
"""Rings nobody: the context does not exist. Asterisk tells of the attempt to who may read calls."""


async def examine(pbx: Pbx, *, patience: float = 5.0) -> list[Finding]:
    """Log in to `pbx`, look around, change nothing; everything worth saying about it."""
    heard: list[Message] = []
    session = Session(
        name=pbx.name,
        host=pbx.host,
        port=pbx.port,
        username=pbx.username,
        secret=pbx.secret.get_secret_value(),
        hear=lambda message, _: heard.append(message),
        wanted=None,
    )
    try:
        await session.open(patience=patience)
        return findings(pbx, await _look_around(pbx, session, heard, patience))
    except Refused as refusal:
        return findings(pbx, Seen(refused=str(refusal)))
    except (OSError, TimeoutError) as fault:
        banner = session.protocol.stream.banner if session.protocol is not None else None
        talks = session.protocol is not None and session.protocol.stream.garbage > 0
        reason = "no answer in time" if isinstance(fault, TimeoutError) else (fault.args or ("",))[-1]
        return findings(pbx, Seen(unreachable=str(reason), banner="" if talks and banner is None else banner))
    finally:
        session.close()


async def _look_around(pbx: Pbx, session: Session, heard: list[Message], patience: float) -> Seen:
    async def ask(action: dict[str, str]) -> list[Message]:
        return await session.ask(action, patience=patience)

    [commands, *_] = await ask({"Action": "ListCommands"})
    offered = frozenset(name for name, synopsis in commands.items() if "(Priv:" in synopsis)
    [settings, *_] = await ask({"Action": "CoreSettings"})
    hints = await ask({"Action": "ExtensionStateList"})
    devices = await ask({"Action": "DeviceStateList"})
    [context, *_] = await ask({"Action": "ShowDialPlan", "Context": pbx.context})
    probed = await _probe(session, heard, patience) if "Originate" in offered else None
    events = [message for message in heard if "Event" in message and "ActionID" not in message]
    names = {message.get("Device", "") for message in devices}
    return Seen(
        banner=session.protocol.stream.banner if session.protocol else None,
        version=asterisk_version(settings.get("AsteriskVersion", "")),
        booted_told=any(message["Event"] == "FullyBooted" for message in events),
        commands=offered or None,
        probed=probed,
        timed=not events or any("Timestamp" in message for message in events),
        hints=None if _denied(hints[0]) else frozenset(message["Exten"] for message in hints if "Exten" in message),
        devices=frozenset(name for name in names if re.match(r"(PJSIP|SIP|IAX2|DAHDI|SCCP|Skinny)/", name)),
        context_known=not _not_there(context),
        clock_offset=session.clock_offset,
    )


def _denied(answer: Message) -> bool:
    return answer.get("Response") == "Error" and "permission" in answer.get("Message", "").lower()


def _not_there(answer: Message) -> bool:
    return answer.get("Response") == "Error" and "did not find" in answer.get("Message", "").lower()


async def _probe(session: Session, heard: list[Message], patience: float) -> frozenset[str] | None:
    """The events told about an attempt that rings nobody; None where it is not allowed."""
    [answer, *_] = await session.ask(PROBE, patience=patience)
    if answer.get("Response") != "Success":
        return None

    def told() -> frozenset[str]:
        of_probe = [message for message in heard if "switchroom-doctor" in message.get("Channel", "")]
        return frozenset(message.get("Event", "") for message in of_probe)

    with suppress(TimeoutError):
        async with asyncio.timeout(2.0):
            while not {*EXPECTED_OF_PROBE, "OriginateResponse"} <= told():  # noqa: ASYNC110 - told by a callback
                await asyncio.sleep(0.02)
    return told()
