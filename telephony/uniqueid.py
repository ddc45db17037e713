"""What Asterisk's unique ids tell: "[system-]epoch.sequence", made when the channel is."""

from datetime import UTC, datetime


def second_of(linkedid: str) -> datetime | None:
    """The second a channel was made, from its uniqueid "[system-]epoch.sequence"."""
    epoch = linkedid.rpartition("-")[2].partition(".")[0]
    if not epoch.isascii() or not epoch.isdigit() or len(epoch) > 11:
        return None
    return datetime.fromtimestamp(int(epoch), UTC)


def sequence(linkedid: str) -> tuple[int, int]:
    """A uniqueid's epoch second and running number: what is older sorts first."""
    epoch, _, sequence = linkedid.rpartition("-")[2].partition(".")
    numbers = [int(part) if part.isascii() and part.isdigit() else 0 for part in (epoch[:20], sequence[:20])]
    return numbers[0], numbers[1]
