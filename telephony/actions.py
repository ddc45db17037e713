"""What we ask of Asterisk: pure builders of AMI actions, and the one way they are put on the wire.

Users give numbers; channels, contexts and applications come from settings and from the PBX itself. No
value with CR, LF or NUL ever reaches the wire, whoever gave it.
"""

import re
from collections.abc import Mapping
from typing import Literal

Action = Mapping[str, str | tuple[str, ...]]
"""Header → value; several values repeat the header."""

NUMBER = re.compile(r"[0-9+*#]{1,24}")
DIGITS = re.compile(r"[0-9*#A-D]{1,32}")
LINE_BYTES = 1000
"""Asterisk refuses a longer line, without saying to which action that answer belongs."""

_FORBIDDEN = re.compile(r"[\r\n\0]")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


class NotSendable(ValueError):  # noqa: N818 - says what the value is
    """A value that must not, or cannot, be put into an AMI action."""


def wire(action: Action) -> bytes:
    """`action` as Asterisk reads it; raises NotSendable for what would be read as something else."""
    lines = [
        _line(header, value)
        for header, values in action.items()
        for value in ((values,) if isinstance(values, str) else values)
    ]
    return b"".join(lines) + b"\r\n"


def _line(header: str, value: str) -> bytes:
    if not _HEADER.fullmatch(header) or _FORBIDDEN.search(value):
        raise NotSendable(f"{header[:40]!r}: a line break or NUL in a value, or not a header name")
    try:
        line = f"{header}: {value}\r\n".encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise NotSendable(f"{header}: not text") from error
    if len(line) > LINE_BYTES:
        raise NotSendable(f"{header}: longer than the {LINE_BYTES} bytes that Asterisk reads")
    return line


def diallable(typed: str) -> str:
    """The digits a person meant by `typed` ("8 (921) 123-45-67"); raises NotSendable for anything else."""
    number = re.sub(r"[\s().\-\u00a0]", "", typed)
    if not NUMBER.fullmatch(number):
        raise NotSendable("not a number that can be dialled")
    return number


def keys(digits: str) -> str:
    """DTMF keys as they are sent; raises NotSendable for anything else."""
    pressed = digits.strip().upper()
    if not DIGITS.fullmatch(pressed):
        raise NotSendable("only 0-9, *, # and A-D can be sent, 32 at most")
    return pressed


def originate(
    *,
    channel: str,
    context: str,
    number: str,
    uniqueid: str,
    caller: tuple[str, str],
    timeout: float = 30.0,
) -> Action:
    """Ring `channel`, and when it answers send it to `number` in `context`.

    `uniqueid` is ours to choose (it becomes the call's linkedid); `caller`: name and number shown on the
    phone while it rings; `timeout` in seconds.
    """
    name, shown = caller
    return {
        "Action": "Originate",
        "Channel": channel,
        "Context": context,
        "Exten": number,
        "Priority": "1",
        "CallerID": f'"{name.replace(chr(34), "")}" <{shown}>',
        "Timeout": str(int(timeout * 1000)),
        "ChannelId": uniqueid,
        "OtherChannelId": f"{uniqueid}-2",
        "Async": "true",
    }


def connect(*, channel: str, application: str, data: str, uniqueid: str, shown: str) -> Action:
    """Ring `channel`, showing `shown`, and when it answers run `application` for it."""
    return {
        "Action": "Originate",
        "Channel": channel,
        "Application": application,
        "Data": data,
        "CallerID": f'"{shown}" <{shown}>',
        "Timeout": "30000",
        "ChannelId": uniqueid,
        "Async": "true",
    }


def listen_in(how: Literal["spy", "whisper", "barge"], to: str) -> tuple[str, str]:
    """The application that hears the channel `to`; whisper speaks to that side only, barge to both.

    It ends with the call it listens to.
    """
    return "ChanSpy", f"{to},{ {'spy': 'qES', 'whisper': 'qwES', 'barge': 'qBES'}[how] }"


def redirect(*, channel: str, context: str, number: str) -> Action:
    """Send `channel` (the other side) to `number` before there is a conversation; our own side stops ringing."""
    return {"Action": "Redirect", "Channel": channel, "Context": context, "Exten": number, "Priority": "1"}


def blind(*, channel: str, context: str, number: str) -> Action:
    """A blind transfer by `channel`, the transferer's own, out of a conversation: Asterisk tells who did it."""
    return {"Action": "BlindTransfer", "Channel": channel, "Context": context, "Exten": number}


def attended(*, channel: str, context: str, number: str) -> Action:
    """Begin an attended transfer by `channel` (our own side): the other side waits while `number` is asked."""
    return {"Action": "Atxfer", "Channel": channel, "Context": context, "Exten": number}


def cancel_attended(*, channel: str) -> Action:
    """Give up the attended transfer that `channel` began, and go back to who waits."""
    return {"Action": "CancelAtxfer", "Channel": channel}


def hang_up(*, channel: str, ringing: bool = False) -> Action:
    """End `channel`: hung up (cause 16), or, while it rings, rejected as busy (17)."""
    return {"Action": "Hangup", "Channel": channel, "Cause": "17" if ringing else "16"}


def park(*, channel: str, by: str) -> Action:
    """Park `channel` (the other side); it comes back to the channel `by` when nobody takes it."""
    return {"Action": "Park", "Channel": channel, "AnnounceChannel": by, "TimeoutChannel": by}


def press(*, channel: str, digit: str, as_if_typed: bool = False) -> Action:
    """Let `channel` hear one DTMF key; `as_if_typed`: as if its own user had pressed it."""
    action = {"Action": "PlayDTMF", "Channel": channel, "Digit": digit}
    return {**action, "Receive": "true"} if as_if_typed else action


def mute(*, channel: str, on: bool) -> Action:
    """What is said into `channel` is not heard by the others."""
    return {"Action": "MuteAudio", "Channel": channel, "Direction": "in", "State": "on" if on else "off"}


def start_recording(*, channel: str, file: str) -> Action:
    """Record both directions of `channel` into `file` (relative to the PBX's monitor folder)."""
    return {"Action": "MixMonitor", "Channel": channel, "File": file, "Options": "b"}


def pause_recording(*, channel: str, on: bool) -> Action:
    """Write silence instead of what is said, both directions, while a card number is told."""
    return {"Action": "MixMonitorMute", "Channel": channel, "Direction": "both", "State": "1" if on else "0"}


def notify(*, channel: str, event: Literal["talk", "hold"], dialog: str = "") -> Action:
    """Ask a phone to press its own key: `talk` answers or takes back from hold, `hold` holds.

    Phones obey a SIP NOTIFY with `Event: talk|hold` inside the call where that is switched on (Yealink, Snom,
    Polycom, Grandstream, Fanvil, Cisco, MicroSIP, …); others ignore it. Needs `pjsip_notify.conf` (it may be
    empty) or `sip_notify.conf` on the PBX. `dialog`: for chan_sip, the call's Call-ID (`SIPCALLID`).
    """
    if not dialog:
        return {"Action": "PJSIPNotify", "Channel": channel, "Variable": f"Event={event}"}
    peer = channel.partition("/")[2].rpartition("-")[0]
    return {"Action": "SIPnotify", "Channel": peer, "Variable": f"Event={event}", "Call-ID": dialog}


def pause_member(*, interface: str, paused: bool, reason: str) -> Action:
    """Pause or unpause a member in every queue it belongs to."""
    return {
        "Action": "QueuePause",
        "Interface": interface,
        "Paused": "true" if paused else "false",
        "Reason": re.sub(r"[\r\n\0]", " ", reason)[:80],
    }


RESYNC: tuple[str, ...] = (
    "CoreStatus",
    "CoreSettings",
    "CoreShowChannels",
    "Status",
    "BridgeList",
    "ParkedCalls",
    "QueueStatus",
    "DeviceStateList",
    "ExtensionStateList",
)
"""What is asked, in this order, to know how things stand; one the PBX does not know is left out."""
