"""REST of log-in and of those who work here."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from crm_store.client import Body
from crm_store.passwords import LONGEST, SHORTEST
from crm_store.store import Store
from crm_store.user import Language, User, UserDraft, UserPatch, Zone
from domain.problems import Unauthorised
from domain.rights import MANAGES_USERS, Role, Scope
from domain.routes import Page, RequestFacts, Route

SEES_USERS: frozenset[Role] = frozenset({"supervisor", "admin"})
Secret = Annotated[str, Field(max_length=LONGEST, repr=False)]
FreshSecret = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST, repr=False)]


class LogIn(Body):
    """Who logs in."""

    login: Annotated[str, Field(max_length=200)]
    password: Secret


class NewUser(UserDraft):
    """A new user with a first password."""

    password: FreshSecret


class NewPassword(Body):
    """Another password."""

    password: FreshSecret


class TeamDraft(Body):
    """A new team."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


class Keys(Body):
    """The keys of the desk: which set, the user's own by action, whether digits work without Alt."""

    set: Literal["desk", "laptop"] = "desk"
    own: Annotated[dict[str, Annotated[str, Field(max_length=40)]], Field(max_length=20)] = Field(default_factory=dict)
    digits: bool = True


class Choices(Body):
    """What a user chooses himself; what is not named stays. `pop`: when a client's card comes up."""

    language: Language | None = None
    time_zone: Zone | None = None
    keys: Keys | None = None
    pop: Literal["ring", "answer", "never"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open session."""

    token: str
    user: dict[str, Any]


def shape(scope: Scope) -> dict[str, Any]:
    """The contract's `user`, of who is logged in."""
    return {
        "id": scope.user_id,
        "login": scope.login,
        "name": scope.name,
        "role": scope.role,
        "extension": scope.extension,
        "team": scope.team,
        "language": scope.language,
        "time_zone": scope.time_zone,
    }


class PeopleRoutes:
    """Handlers about sessions, users and teams."""

    def __init__(self, store: Store) -> None:
        self._users, self._sessions = store.users, store.sessions

    def routes(self) -> tuple[Route, ...]:
        """Their table."""
        return (*self._session_routes(), *self._user_routes())

    def _session_routes(self) -> tuple[Route, ...]:
        return (
            Route(method="POST", path="/session", handler=self.log_in, summary="Log in", public=True, session="open"),
            Route(method="GET", path="/session", handler=self.who, summary="Who am I"),
            Route(
                method="DELETE",
                path="/session",
                handler=self.log_out,
                summary="Log out",
                public=True,
                session="close",
                status=204,
            ),
            Route(method="POST", path="/session/ticket", handler=self.ticket, summary="A ticket for the live feed"),
            Route(method="GET", path="/users/me/settings", handler=self.settings, summary="My own choices"),
            Route(method="PUT", path="/users/me/settings", handler=self.choose, summary="Change my own choices"),
        )

    def _user_routes(self) -> tuple[Route, ...]:
        one = "/users/{id}"
        sees, manages = SEES_USERS, MANAGES_USERS
        return (
            Route(method="GET", path="/users", handler=self.users, summary="Users", roles=sees),
            Route(method="POST", path="/users", handler=self.create, summary="A new user", roles=manages, status=201),
            Route(method="GET", path=one, handler=self.user, summary="One user", roles=sees),
            Route(method="PATCH", path=one, handler=self.change, summary="Change the named fields", roles=manages),
            Route(
                method="DELETE",
                path=one,
                handler=self.disable,
                summary="Shut a user out; calls and notes stay",
                roles=manages,
            ),
            Route(method="POST", path=one + "/disable", handler=self.disable, summary="Shut a user out", roles=manages),
            Route(
                method="POST", path=one + "/enable", handler=self.enable, summary="Let a user in again", roles=manages
            ),
            Route(method="POST", path=one + "/password", handler=self.reset, summary="Another password", roles=manages),
            Route(method="GET", path="/teams", handler=self.teams, summary="Teams"),
            Route(
                method="POST", path="/teams", handler=self.create_team, summary="A new team", roles=manages, status=201
            ),
        )

    async def log_in(self, body: LogIn, request: RequestFacts) -> Opened:
        """Open a session."""
        token, signed_in = await self._sessions.open(
            body.login, body.password, address=request.address, user_agent=request.user_agent
        )
        return Opened(token=token, user=shape(signed_in.scope))

    async def who(self, user: Scope) -> dict[str, Any]:
        """The user, and the same under `user` as log-in answers it."""
        return {**shape(user), "user": shape(user)}

    async def log_out(self, request: RequestFacts) -> None:
        """End the session this request came with."""
        if request.token:
            await self._sessions.revoke(request.token)

    async def ticket(self, user: Scope, request: RequestFacts) -> dict[str, Any]:
        """Good once, for 30 s."""
        if request.token is None:
            raise Unauthorised("Log in first")
        return {"ticket": await self._sessions.ticket(request.token), "seconds": 30}

    async def settings(self, user: Scope) -> dict[str, Any]:
        """Choices."""
        return await self._users.settings(user)

    async def choose(self, user: Scope, body: Choices) -> dict[str, Any]:
        """Change choices."""
        return await self._users.set_settings(user, body.model_dump(exclude_none=True))

    async def users(self, user: Scope) -> Page[User]:
        """Everybody."""
        return Page(items=await self._users.list())

    async def user(self, user: Scope, id: str) -> User:  # noqa: A002 - the path's own word
        """One."""
        return await self._users.get(id)

    async def create(self, user: Scope, body: NewUser) -> User:
        """A new one."""
        draft = UserDraft(**body.model_dump(exclude={"password"}))
        return await self._users.create(user, draft, body.password)

    async def change(self, user: Scope, id: str, body: UserPatch, version: int | None) -> User:  # noqa: A002
        """Change."""
        return await self._users.change(user, id, body, version)

    async def disable(self, user: Scope, id: str) -> User:  # noqa: A002
        """Shut out."""
        return await self._users.disable(user, id)

    async def enable(self, user: Scope, id: str) -> User:  # noqa: A002
        """Let in."""
        return await self._users.enable(user, id)

    async def reset(self, user: Scope, id: str, body: NewPassword) -> User:  # noqa: A002
        """Another password."""
        return await self._users.reset_password(user, id, body.password)

    async def teams(self, user: Scope) -> Page[dict[str, Any]]:
        """Teams."""
        return Page(items=await self._users.teams())

    async def create_team(self, user: Scope, body: TeamDraft) -> dict[str, Any]:
        """A team."""
        return await self._users.create_team(body.name)
