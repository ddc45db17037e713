"""What is wrong with the connection to a PBX, in words, and how to mend it. Pure: judges what was seen.

The texts are English keys of the message catalogues, with places filled from `values`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from config.settings import Pbx
from domain.problems import filled
from telephony.wording import N_

Grade = Literal["ok", "advice", "problem"]

OLDEST, NEWEST = 16, 23
EXPECTED_OF_PROBE = ("Newchannel", "Hangup")
RIGHTS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("originate", N_("click to call, pick up, listen in"), ("Originate",)),
    ("call", N_("transfer, hang up, park, DTMF"), ("Redirect", "Hangup", "Atxfer", "Park", "PlayDTMF")),
    ("agent", N_("pausing agents in queues"), ("QueuePause",)),
    ("reporting", N_("knowing how things stand after a connect"), ("CoreShowChannels", "DeviceStateList")),
    ("system", N_("answer and hold from the screen, mute, record"), ("MuteAudio", "MixMonitor")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `what` and `remedy` may hold places in braces, filled from `values`."""

    pbx: str
    grade: Grade
    what: str
    remedy: str = ""
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return filled(f"{self.what}. {self.remedy}".strip(), self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a visit to a PBX showed."""

    unreachable: str | None = None
    refused: str | None = None
    banner: str | None = None
    version: str = ""
    booted_told: bool = False
    commands: frozenset[str] | None = None
    probed: frozenset[str] | None = None
    """The names of the events told about the probe; None: it could not be made."""
    timed: bool = True
    hints: frozenset[str] | None = frozenset()
    """Extensions with a hint; None: it may not be asked."""
    devices: frozenset[str] = frozenset()
    context_known: bool | None = None
    clock_offset: float | None = None


def findings(pbx: Pbx, seen: Seen) -> list[Finding]:
    """Everything worth saying, worst things first where nothing else can be judged."""
    if seen.unreachable is not None:
        return [_unreachable(pbx, seen)]
    if seen.refused is not None:
        return [_refused(pbx, seen)]
    found = [_reached(pbx, seen)]
    found += _version(pbx, seen)
    found += _rights(pbx, seen)
    found += _reading(pbx, seen)
    found += _time(pbx, seen)
    found += _phones(pbx, seen)
    found += _trunks(pbx, seen)
    found += _context(pbx, seen)
    return found


def _problem(pbx: Pbx, what: str, remedy: str, **values: Any) -> Finding:
    return Finding(pbx=pbx.name, grade="problem", what=what, remedy=remedy, values=values)


def _advice(pbx: Pbx, what: str, remedy: str, **values: Any) -> Finding:
    return Finding(pbx=pbx.name, grade="advice", what=what, remedy=remedy, values=values)


def _unreachable(pbx: Pbx, seen: Seen) -> Finding:
    if seen.banner == "":
        return _problem(
            pbx,
            N_("What answers at {host}:{port} is no Asterisk manager interface"),
            N_("Check host and port: AMI listens on 5038 unless manager.conf says otherwise"),
            host=pbx.host,
            port=pbx.port,
        )
    return _problem(
        pbx,
        N_("{host}:{port} cannot be reached: {reason}"),
        N_("Check host and port, that manager.conf says enabled = yes and the right bindaddr, and the firewall"),
        host=pbx.host,
        port=pbx.port,
        reason=seen.unreachable,
    )


def _refused(pbx: Pbx, seen: Seen) -> Finding:
    return _problem(
        pbx,
        N_("The PBX refuses the log-in of {username}: {reason}"),
        N_("Compare username and secret with manager.conf, check its deny and permit lines, reload the manager"),
        username=pbx.username,
        reason=seen.refused,
    )


def _reached(pbx: Pbx, seen: Seen) -> Finding:
    text = N_("Logged in at {host}:{port} as {username}")
    values = {"host": pbx.host, "port": pbx.port, "username": pbx.username}
    return Finding(pbx=pbx.name, grade="ok", what=text, values=values)


def _version(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    major = int(seen.version.partition(".")[0]) if seen.version else None
    if major is None:
        yield _advice(
            pbx, N_("The PBX does not tell its version"), N_("Add the class reporting to the account's write line")
        )
    elif major < OLDEST:
        text = N_("Asterisk {version} is too old")
        yield _problem(pbx, text, N_("Versions {oldest} to {newest} are supported"), **_versions(seen))
    elif major > NEWEST:
        text = N_("Asterisk {version} is newer than what was tried")
        yield _advice(pbx, text, N_("Versions {oldest} to {newest} are supported"), **_versions(seen))
    else:
        yield Finding(pbx=pbx.name, grade="ok", what=N_("Asterisk {version}"), values={"version": seen.version})


def _versions(seen: Seen) -> dict[str, Any]:
    return {"version": seen.version, "oldest": OLDEST, "newest": NEWEST}


def _rights(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    """What the account may write, by what Asterisk offers it."""
    if seen.commands is None:
        return
    for right, purpose, needs in RIGHTS:
        missing = [name for name in needs if name not in seen.commands]
        if missing:
            yield _problem(
                pbx,
                N_("The account lacks the right {right}: {purpose} will not work"),
                N_("Add {right} to its write line in manager.conf and reload the manager"),
                right=right,
                purpose=purpose,
            )
    if "MuteAudio" in seen.commands and not seen.commands & {"PJSIPNotify", "SIPnotify"}:
        yield _advice(
            pbx,
            N_("Answer and hold from the screen will not work: NOTIFY cannot be sent"),
            N_("Create /etc/asterisk/pjsip_notify.conf (it may be empty) and load res_pjsip_notify.so"),
        )


def _reading(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    """What the account may read, by what it was told of an attempt that rings nobody."""
    if seen.probed is None:
        return
    if not seen.probed:
        yield _problem(
            pbx,
            N_("No events about calls arrive"),
            N_("Add call and agent to the account's read line in manager.conf, and check its eventfilter lines"),
        )
        return
    hidden = [name for name in EXPECTED_OF_PROBE if name not in seen.probed]
    if hidden:
        yield _problem(
            pbx,
            N_("Events that are needed are filtered away: {events}"),
            N_("Remove the eventfilter lines that match them; config/asterisk/manager_custom.conf has harmless ones"),
            events=", ".join(hidden),
        )
    if not seen.booted_told:
        yield _advice(
            pbx,
            N_("The PBX does not tell when it has restarted"),
            N_("Add system to the account's read line: calls cut off by a restart are then closed at once"),
        )


def _time(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    if not seen.timed:
        yield _problem(
            pbx,
            N_("Events carry no time"),
            N_("Set timestampevents = yes in the general section of manager.conf and reload the manager"),
        )
    if seen.clock_offset is not None and abs(seen.clock_offset) > 2:
        text = N_("The PBX's clock is {seconds} s away from this machine's")
        yield _advice(pbx, text, N_("Let both follow the same time server"), seconds=round(seen.clock_offset, 1))


def _phones(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    if seen.hints is None:
        return
    if not seen.hints:
        yield _problem(
            pbx,
            N_("The dialplan has no hints"),
            N_("Add a hint for each extension, such as exten => 101,hint,PJSIP/101&Custom:DND101: see config/asterisk"),
        )
        return
    technology = pbx.phone.partition("/")[0] + "/"
    if seen.devices and not any(device.startswith(technology) for device in seen.devices):
        found = sorted({device.partition("/")[0] for device in seen.devices})
        text = N_("phone is {phone}, but the PBX has no such devices, only {found}")
        yield _problem(pbx, text, N_("Set phone accordingly"), phone=pbx.phone, found=", ".join(found))
    bare = sorted(_extensions(pbx, seen) - seen.hints)
    if bare:
        yield _advice(
            pbx,
            N_("{count} extensions have no hint: {some}"),
            N_("Without one, do-not-disturb set on the phone is not seen"),
            count=len(bare),
            some=", ".join(bare[:10]),
        )


def _extensions(pbx: Pbx, seen: Seen) -> set[str]:
    inside = {device for device in seen.devices if not _leads_outside(pbx, device)}
    return {pbx.extensions.get(device, device.partition("/")[2]) for device in inside}


def _leads_outside(pbx: Pbx, device: str) -> bool:
    return any(fnmatchcase(device, glob) for glob in pbx.trunks)


def _trunks(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    if not pbx.trunks:
        yield _problem(
            pbx,
            N_("No trunk is named: every call looks internal"),
            N_("List the endpoints that lead outside in trunks; the PBX has {some}"),
            some=", ".join(sorted(seen.devices)[:20]) or "?",
        )
    for glob in pbx.trunks:
        if seen.devices and not any(fnmatchcase(device, glob) for device in seen.devices):
            yield _problem(
                pbx,
                N_("trunks: {glob} matches no endpoint"),
                N_("The PBX has {some}"),
                glob=glob,
                some=", ".join(sorted(seen.devices)[:20]),
            )


def _context(pbx: Pbx, seen: Seen) -> Iterator[Finding]:
    if seen.context_known is False:
        yield _problem(
            pbx,
            N_("The dialplan has no context {context}"),
            N_("Set context to the one your phones dial from"),
            context=pbx.context,
        )
