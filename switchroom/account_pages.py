"""The pages about oneself: log in, the first administrator, log out, choices, keys, sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode
from zoneinfo import available_timezones

from pydantic import Field

from crm_store.sessions import Sessions
from crm_store.user import UserDraft
from crm_store.users import Users
from domain.problems import Problem, Unauthorised
from domain.rights import Scope
from domain.routes import RequestFacts, Screen, SeeOther
from switchroom import desk_keys
from switchroom.language import LANGUAGES
from switchroom.operation import N_, Fault, Faults, filled_in
from switchroom.pages import THEMES, inside

SHORTEST_PASSWORD = 8
POP_MODES = {"ring": N_("As soon as it rings"), "answer": N_("When I answer"), "never": N_("Never")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Where to go after logging in, and the language chosen on the way: it becomes the user's own."""

    next: str = "/"
    language: Literal["ru", "en"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a user decides about his own desk."""

    language: Literal["ru", "en"]
    time_zone: Annotated[str, Field(max_length=60)]
    set: Literal["desk", "laptop"] = "desk"
    pop: Literal["ring", "answer", "never"] = "ring"


class AccountPages:
    """Log-in and everything a user decides himself."""

    def __init__(self, *, users: Users, sessions: Sessions) -> None:
        self._users, self._sessions = users, sessions

    def screens(self) -> tuple[Screen, ...]:
        """The pages and their forms."""
        return (
            Screen(path="/login", template="login.html", handler=self.ask, public=True),
            Screen(method="POST", path="/login", template="login.html", handler=self.log_in, public=True),
            Screen(path="/setup", template="setup.html", handler=self.setup, public=True),
            Screen(method="POST", path="/setup", template="setup.html", handler=self.first_admin, public=True),
            Screen(method="POST", path="/logout", template="login.html", handler=self.log_out, public=True),
            Screen(method="POST", path="/preferences", template="login.html", handler=self.prefer, public=True),
            Screen(path="/account", template="account.html", handler=self.account),
            Screen(method="POST", path="/account", template="account.html", handler=self.choose),
            Screen(method="POST", path="/account/password", template="account.html", handler=self.new_password),
            Screen(method="POST", path="/account/sessions", template="account.html", handler=self.end_session),
        )

    async def ask(self, user: Scope | None, query: Back) -> dict[str, Any] | SeeOther:
        """The log-in form; who is logged in already goes on, and an empty house is set up first."""
        if user is not None:
            return SeeOther(to=inside(query.next))
        if not await self._users.any():
            return SeeOther(to="/setup")
        return {"next": inside(query.next), "chosen": query.language, "login": "", "problem": None}

    async def log_in(self, form: dict[str, str], request: RequestFacts) -> dict[str, Any] | SeeOther:
        """Open a session; what was typed, but for the password, stays through an error."""
        login, target = form.get("login", "").strip(), inside(form.get("next"))
        try:
            token, signed_in = await self._sessions.open(
                login, form.get("password", ""), address=request.address, user_agent=request.user_agent
            )
        except Problem as problem:
            return {"next": target, "chosen": form.get("chosen"), "login": login, "problem": problem}
        if form.get("chosen") in LANGUAGES:
            await self._users.set_settings(signed_in.scope, {"language": form["chosen"]})
        return SeeOther(to=target, token=token)

    async def setup(self) -> dict[str, Any] | SeeOther:
        """The first administrator's form, only while there is nobody; where there are users and none is an
        administrator, how to make one on the server: the page is open to anybody."""
        if await self._users.any():
            return SeeOther(to="/login") if await self._users.administered() else {"closed": True, "problem": None}
        return {"typed": {}, "problem": None}

    async def first_admin(self, form: dict[str, str], request: RequestFacts) -> dict[str, Any] | SeeOther:
        """Create the first administrator and log him in."""
        login, password = form.get("login", "").strip(), form.get("password", "")
        try:
            check_password(password, form.get("again", ""))
            facts = {name: form[name] for name in ("login", "name", "language") if form.get(name)}
            draft = filled_in(UserDraft, {"role": "admin", **facts})
            await self._users.create_first_admin(draft.login, draft.name, password, draft.language)
            token, _ = await self._sessions.open(
                login, password, address=request.address, user_agent=request.user_agent
            )
        except Problem as problem:
            return {"typed": form, "problem": problem}
        return SeeOther(to="/users", token=token)

    async def log_out(self, request: RequestFacts) -> SeeOther:
        """End this session."""
        if request.token:
            await self._sessions.revoke(request.token)
        return SeeOther(to="/login", close=True)

    async def prefer(self, user: Scope | None, form: dict[str, str]) -> SeeOther:
        """Language and colours, from the menu of every page."""
        remember, target = {}, inside(form.get("next"))
        if form.get("language") in LANGUAGES:
            remember["language"] = form["language"]
            if user is not None:
                await self._users.set_settings(user, {"language": form["language"]})
            else:
                target = _chosen_before_log_in(target, form["language"])
        if "theme" in form:
            remember["theme"] = form["theme"] if form["theme"] in THEMES else ""
        return SeeOther(to=target, remember=remember)

    async def account(self, user: Scope, request: RequestFacts) -> dict[str, Any]:
        """What he decided, and where he is logged in."""
        return await self._account(user, request)

    async def choose(self, user: Scope, form: dict[str, str], request: RequestFacts) -> dict[str, Any] | SeeOther:
        """Keep his language, zone, keys and when a card may come up."""
        try:
            choices = filled_in(Choices, {name: form[name] for name in Choices.__dataclass_fields__ if name in form})
            if choices.time_zone not in zones():
                raise Faults([Fault("body", "time_zone", N_("There is no such time zone"))])
            keys = {"set": choices.set, "own": own_keys(choices.set, form), "digits": "digits" in form}
            await self._users.set_settings(
                user,
                {"language": choices.language, "time_zone": choices.time_zone, "keys": keys, "pop": choices.pop},
            )
        except Problem as problem:
            return await self._account(user, request, typed=form, problem=problem)
        return SeeOther(to="/account", remember={"language": choices.language})

    async def new_password(self, user: Scope, form: dict[str, str], request: RequestFacts) -> dict[str, Any] | SeeOther:
        """Another password, after the present one; every other session of his ends."""
        try:
            check_password(form.get("password", ""), form.get("again", ""))
            await self._prove(user, form.get("present", ""), request)
            await self._users.reset_password(user, user.user_id, form["password"])
            token, _ = await self._sessions.open(
                user.login, form["password"], address=request.address, user_agent=request.user_agent
            )
        except Problem as problem:
            return await self._account(user, request, problem=problem)
        return SeeOther(to="/account", token=token)

    async def end_session(self, user: Scope, form: dict[str, str]) -> SeeOther:
        """Log out another browser of his."""
        await self._sessions.end(user.user_id, form.get("session", ""))
        return SeeOther(to="/account")

    async def _prove(self, user: Scope, password: str, request: RequestFacts) -> None:
        try:
            token, _ = await self._sessions.open(
                user.login, password, address=request.address, user_agent=request.user_agent
            )
        except Unauthorised as error:
            raise Faults([Fault("body", "present", N_("This is not your present password"))]) from error
        await self._sessions.revoke(token)

    async def _account(
        self,
        user: Scope,
        request: RequestFacts,
        *,
        typed: Mapping[str, str] | None = None,
        problem: Problem | None = None,
    ) -> dict[str, Any]:
        settings = await self._users.settings(user)
        return {
            "settings": settings,
            "sessions": await self._sessions.of_user(user.user_id, request.token),
            "actions": desk_keys.ACTIONS,
            "sets": {name: readable_keys(keys) for name, keys in desk_keys.SETS.items()},
            "own_keys": typed_keys(typed) if typed else readable_keys(settings["keys"].get("own", {})),
            "pop_modes": POP_MODES,
            "zones": zones(),
            "typed": typed or {},
            "problem": problem,
        }


def own_keys(choices: str, form: Mapping[str, str]) -> dict[str, str]:
    """The keys a user chose himself, by action, as the desk writes them; what equals his set is none.

    Raises Faults for keys that belong to the browser or to typing, that are no keys, or that two actions have.
    """
    own = {action: desk_keys.written(key) for action, key in typed_keys(form).items() if key}
    own = {action: key for action, key in own.items() if key != desk_keys.SETS[choices][action]}
    wrong = desk_keys.wrong_keys(choices, own)
    if wrong:
        raise Faults([Fault("body", f"key_{action}", *fault) for action, fault in wrong.items()])
    return own


def typed_keys(form: Mapping[str, str]) -> dict[str, str]:
    """What stands in the fields of the keys."""
    return {action: form.get(f"key_{action}", "").strip() for action in desk_keys.ACTIONS}


def readable_keys(keys: Mapping[str, str]) -> dict[str, str]:
    """Keys as they stand on buttons."""
    return {action: desk_keys.readable(key) for action, key in keys.items()}


@cache
def zones() -> tuple[str, ...]:
    """The time zones of places, by name. Read once: the list is a walk through files."""
    places = (zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return ("UTC", *sorted(places))


def _chosen_before_log_in(target: str, language: str) -> str:
    """The log-in's address with the language: who logs in there takes it with him."""
    path, _, query = target.partition("?")
    if path != "/login":
        return target
    return f"{path}?{urlencode({**dict(parse_qsl(query)), 'language': language})}"


def check_password(password: str, again: str) -> None:
    """Refuse a password that is too short or was typed twice differently."""
    if len(password) < SHORTEST_PASSWORD:
        raise Faults([Fault("body", "password", N_("Use at least {length} characters"), {"length": SHORTEST_PASSWORD})])
    if password != again:
        raise Faults([Fault("body", "again", N_("The two passwords differ"))])
