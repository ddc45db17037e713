"""Time zones by name, for settings, users and what is shown to them."""

from zoneinfo import ZoneInfo


def zone_called(name: str) -> ZoneInfo | None:
    """The zone of that name (IANA), None where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        return None
