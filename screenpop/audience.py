"""What the gateway needs of those around it."""

from collections.abc import Sequence
from typing import Any, Protocol

from domain.rights import Scope


class SignedIn(Protocol):
    """A session that was let in."""

    @property
    def scope(self) -> Scope: ...
    @property
    def session_id(self) -> str: ...


class Audience(Protocol):
    """Who wants to know that a user came, went, or saw a card; `tasks`: the user's, for his snapshot."""

    def arrived(self, scope: Scope) -> None: ...
    def left(self, scope: Scope) -> None: ...
    def shown(self, scope: Scope, call_id: str, *, hidden: bool) -> None: ...
    async def tasks(self, scope: Scope) -> Sequence[dict[str, Any]]: ...
