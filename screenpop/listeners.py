"""The users who listen to the live feed, found by extension and by right. Pure."""

from collections.abc import Iterable

from domain.rights import CALLS, Scope


class Listeners:
    """Everybody who is connected, or was a moment ago and may come back for what he missed."""

    def __init__(self) -> None:
        self._scopes: dict[str, Scope] = {}
        self._by_extension: dict[str, dict[str, Scope]] = {}
        self.watchers: dict[str, Scope] = {}

    def __getitem__(self, user_id: str) -> Scope:
        return self._scopes[user_id]

    def knows(self, scope: Scope) -> bool:
        """Whether `scope` listens, with these very rights."""
        return self._scopes.get(scope.user_id) == scope

    def add(self, scope: Scope) -> None:
        """`scope` listens from now on."""
        self._scopes[scope.user_id] = scope
        if scope.extension is not None:
            self._by_extension.setdefault(scope.extension, {})[scope.user_id] = scope
        if CALLS[scope.role] == "all":
            self.watchers[scope.user_id] = scope

    def remove(self, user_id: str) -> None:
        """That user listens no more; nothing happens if he did not."""
        scope = self._scopes.pop(user_id, None)
        if scope is None:
            return
        self.watchers.pop(user_id, None)
        if scope.extension is not None:
            self._by_extension[scope.extension].pop(user_id)

    def of(self, extension: str) -> Iterable[Scope]:
        """The users of `extension` who listen."""
        return self._by_extension.get(extension, {}).values()
