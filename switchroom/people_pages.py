"""The administrator's page about users: list, create, change, disable, another password."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from crm_store.user import UserDraft, UserPatch
from crm_store.users import Users
from domain.problems import Conflict, Problem
from domain.rights import MANAGES_USERS, ROLES, Role, Scope
from domain.routes import Screen, SeeOther
from switchroom.account_pages import check_password
from switchroom.operation import N_, filled_in

ROLE_NAMES: dict[Role, str] = {
    "agent": N_("Agent"),
    "telemarketer": N_("Telemarketer"),
    "marketer": N_("Marketer"),
    "supervisor": N_("Supervisor"),
    "admin": N_("Administrator"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What the list is asked for."""

    q: Annotated[str, Field(max_length=200)] = ""


class PeoplePages:
    """Who works here."""

    def __init__(self, *, users: Users) -> None:
        self._users = users

    def screens(self) -> tuple[Screen, ...]:
        """The pages and their forms, for administrators only."""
        one = "/users/{id}"
        table = (
            ("GET", "/users", "users.html", self.found),
            ("POST", "/users", "users.html", self.create),
            ("GET", one, "user.html", self.one),
            ("POST", one, "user.html", self.change),
            ("POST", one + "/password", "user.html", self.new_password),
            ("POST", one + "/disable", "user.html", self.disable),
            ("POST", one + "/enable", "user.html", self.enable),
        )
        return tuple(
            Screen(method=method, path=path, template=template, handler=handler, roles=MANAGES_USERS)
            for method, path, template, handler in table
        )

    async def found(self, user: Scope, query: Search) -> dict[str, Any]:
        """Everybody whose name, login or extension has the words."""
        wanted = query.q.casefold().strip()
        people = [
            one for one in await self._users.list() if wanted in f"{one.name}\n{one.login}\n{one.extension}".casefold()
        ]
        return {"asked": query, "people": people, "typed": {}, "problem": None, **self._words()}

    async def create(self, user: Scope, form: dict[str, str]) -> dict[str, Any] | SeeOther:
        """A new user with a first password."""
        try:
            draft = filled_in(UserDraft, {"language": user.language, **_given(form, "login")})
            check_password(form.get("password", ""), form.get("password", ""))
            await self._users.create(user, draft, form["password"])
        except Problem as problem:
            return {**await self.found(user, Search()), "typed": form, "problem": problem}
        return SeeOther(to="/users")

    async def one(self, user: Scope, id: str) -> dict[str, Any]:  # noqa: A002 - the path's own word
        """One user and what can be changed about him."""
        return await self._one(id)

    async def change(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """Name, role, extension, team."""
        try:
            await self._users.change(user, id, filled_in(UserPatch, _given(form, empty=True)))
        except Problem as problem:
            return await self._one(id, typed=form, problem=problem)
        return SeeOther(to="/users")

    async def new_password(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """Another password for who forgot his; he is logged out everywhere."""
        try:
            check_password(form.get("password", ""), form.get("password", ""))
            await self._users.reset_password(user, id, form["password"])
        except Problem as problem:
            return await self._one(id, problem=problem)
        return SeeOther(to=f"/users/{id}")

    async def disable(self, user: Scope, id: str, form: dict[str, str]) -> dict[str, Any] | SeeOther:  # noqa: A002
        """Shut a user out, after the box that says so was ticked."""
        if "sure" not in form:
            return await self._one(id, problem=Conflict("Tick the box to say that you mean it"))
        try:
            await self._users.disable(user, id)
        except Problem as problem:
            return await self._one(id, problem=problem)
        return SeeOther(to="/users")

    async def enable(self, user: Scope, id: str) -> SeeOther:  # noqa: A002
        """Let a user in again."""
        await self._users.enable(user, id)
        return SeeOther(to=f"/users/{id}")

    async def _one(
        self, user_id: str, *, typed: Mapping[str, str] | None = None, problem: Problem | None = None
    ) -> dict[str, Any]:
        person = await self._users.get(user_id)
        return {"person": person, "typed": typed or {}, "problem": problem, **self._words()}

    def _words(self) -> dict[str, Any]:
        return {"roles": [(role, ROLE_NAMES[role]) for role in ROLES]}


def _given(form: Mapping[str, str], *further: str, empty: bool = False) -> dict[str, str | None]:
    """What stands in the form; an empty extension or team is none."""
    names = ("name", "role", "extension", "team", *further)
    return {name: form[name].strip() or None for name in names if name in form and (empty or form[name].strip())}
