"""AMI users and what they ask for."""

from dataclasses import dataclass

_CLASSES = "system call log verbose command agent user config dtmf reporting cdr dialplan originate message security"
EVERYTHING = frozenset(_CLASSES.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """An AMI user as manager.conf has him; `read` and `write` are classes of rights."""

    username: str = "switchroom"
    secret: str = "switchroom"  # noqa: S105 - the simulator's own, on loopback
    read: frozenset[str] = EVERYTHING
    write: frozenset[str] = EVERYTHING
    filters: tuple[str, ...] = ()


@dataclass(slots=True)
class Action:
    """What a client asks for; names of headers in lower case, repeated ones in order."""

    name: str
    headers: list[tuple[str, str]]

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]


class Refused(Exception):  # noqa: N818 - AMI's own word is Error; this is its reason
    """Why an action cannot be done, in AMI's words."""
