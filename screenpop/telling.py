"""One event of the live feed and who gets it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from domain.rights import SEES_PEERS, Scope
from screenpop.protocol import Topics

Kind = Literal["", "presence", "queue"]
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """`event` (without number and time) for everybody who passes every line below.

    `users`: only these, by id (None: everybody), but not those in `besides`. `kind` and `name`: only who
    subscribed to news of that extension or queue ("" is for everybody). `peers`: only who may (True) or may
    not (False) see with whom any extension talks, by role; None: both.
    """

    event: Mapping[str, Any]
    users: frozenset[str] | None = None
    besides: frozenset[str] = NOBODY
    kind: Kind = ""
    name: str = ""
    peers: bool | None = None

    def concerns(self, scope: Scope, topics: Topics) -> bool:
        """Whether a connection of `scope` that wants `topics` gets this event."""
        if self.users is not None and scope.user_id not in self.users:
            return False
        return scope.user_id not in self.besides and self.suits(sees_peers(scope), topics)

    def suits(self, peers: bool, topics: Topics) -> bool:
        """The same for anybody of that right and those topics, were it not for `users` and `besides`."""
        return (self.peers is None or self.peers == peers) and topics.covers(self.kind, self.name)


def sees_peers(scope: Scope) -> bool:
    """Whether `scope` may see with whom every extension talks (`domain.rights.may_see_peer`, by role)."""
    return scope.role in SEES_PEERS
