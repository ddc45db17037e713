"""One line for every entry of a time line, in the reader's language."""

from typing import Any

_DIRECTIONS = {
    "inbound": ("Входящий", "Incoming"),
    "outbound": ("Исходящий", "Outgoing"),
    "internal": ("Внутренний", "Internal"),
}
_OUTCOMES = {
    "answered": ("отвечен", "answered"),
    "no_answer": ("нет ответа", "no answer"),
    "busy": ("занято", "busy"),
    "cancelled": ("отменён", "cancelled"),
    "abandoned": ("не дождался в очереди", "gave up in the queue"),
    "failed": ("не состоялся", "failed"),
    None: ("идёт", "going on"),
}
_VOICEMAIL = ("голосовое сообщение", "voicemail")


def entry(raw: dict[str, Any], language: str) -> dict[str, Any]:
    """A time line entry as the contract writes it: `summary` made from the call, or the text itself."""
    call = raw.get("call")
    summary = call_summary(call, language) if call else raw["text"].split("\n", 1)[0][:200]
    return {**raw, "summary": summary}


def call_summary(call: dict[str, Any], language: str) -> str:
    """ "Входящий, отвечен, 101, 0:41": direction, outcome, who, how long."""
    tongue = 0 if language == "ru" else 1
    parts = [_DIRECTIONS[call["direction"]][tongue], _OUTCOMES[call["outcome"]][tongue]]
    if call["owner"]:
        parts.append(call["owner"])
    elif call["queue"]:
        parts.append(call["queue"])
    if call["outcome"] == "answered":
        parts.append(duration(call["talk_seconds"]))
    if call["voicemail"]:
        parts.append(_VOICEMAIL[tongue])
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """`seconds` as a clock shows them: "0:41", "12:05", "1:02:03"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
