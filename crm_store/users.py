"""Users: made, changed, shut out; and the one place that says what somebody may see."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson

from crm_store import user as words
from crm_store.audit import noted
from crm_store.connection import Connection, answered, known_id, new_id
from crm_store.database import Database
from crm_store.passwords import Passwords
from crm_store.text import clean
from crm_store.user import COLUMNS, TABLES, User, UserDraft, UserPatch
from domain.events import UserChanged
from domain.problems import Conflict, NotFound, Stale
from domain.rights import Scope

_OWN_COLUMNS = ("language", "time_zone")


class Users:
    """Who works here; `changed` is told after every commit. Only who `MANAGES_USERS` may be let near it.

    `language`, `time_zone`: of new users for whom nobody chose another.
    """

    def __init__(
        self,
        database: Database,
        *,
        passwords: Passwords | None = None,
        changed: Callable[[UserChanged], None] = lambda _: None,
        language: str = "ru",
        time_zone: str = "Europe/Moscow",
    ) -> None:
        self._database = database
        self.passwords = passwords or Passwords()
        self._changed = changed
        self._language, self._time_zone = language, time_zone

    async def any(self) -> bool:
        """Whether there is a user at all; if not, the first administrator may be made."""
        with answered():
            return bool(await self._database.pool.fetchval("select exists (select from app_user)"))

    async def administered(self) -> bool:
        """Whether somebody who may log in is an administrator."""
        with answered():
            one = "select exists (select from app_user where role = 'admin' and disabled_at is null)"
            return bool(await self._database.pool.fetchval(one))

    async def create_first_admin(self, login: str, name: str, password: str, language: str | None = None) -> User:
        """The first administrator; raises Conflict as soon as there is any user."""
        facts = {"login": login, "name": name, "role": "admin", "language": language}
        draft = UserDraft.model_validate(facts)
        return await self._create(None, draft, await self.passwords.hashed(password), first=True)

    async def create(self, by: Scope | None, draft: UserDraft, password: str) -> User:
        """A new user (`by` None: the command line). Raises Conflict where login or extension are taken."""
        return await self._create(by, draft, await self.passwords.hashed(password))

    async def _create(self, by: Scope | None, draft: UserDraft, password_hash: str, *, first: bool = False) -> User:
        user_id = new_id()
        with answered(), _taken(draft.login, draft.extension):
            async with self._database.as_owner() as connection:
                if first:
                    await connection.execute("lock table app_user in exclusive mode")
                    if await connection.fetchval("select exists (select from app_user)"):
                        raise Conflict("There are users already: log in as an administrator")
                await connection.execute(
                    """
                    insert into app_user (id, login, login_key, name, role, extension, team_id, language, time_zone,
                                          password_hash)
                    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                    """,
                    user_id,
                    draft.login,
                    draft.login.casefold(),
                    clean(draft.name),
                    draft.role,
                    draft.extension,
                    await _team(connection, draft.team),
                    draft.language or self._language,
                    draft.time_zone or self._time_zone,
                    password_hash,
                )
                await noted(connection, by, "user.created", user_id, role=draft.role)
                created = await _one(connection, user_id)
        return self._told(created, signed_out=False)

    async def list(self) -> tuple[User, ...]:
        """Everybody, those shut out too, by name."""
        with answered():
            rows = await self._database.pool.fetch(f"select {COLUMNS} from {TABLES} order by u.name, u.login")
        return tuple(map(words.read, rows))

    async def get(self, user_id: str) -> User:
        """One user; raises NotFound."""
        with answered():
            async with self._database.pool.acquire() as connection:
                return await _one(connection, known_id(user_id))

    async def by_login(self, login: str) -> User:
        """One user by log-in name, for the command line; raises NotFound."""
        with answered():
            row = await self._database.pool.fetchrow(
                f"select {COLUMNS} from {TABLES} where u.login_key = $1", login.casefold()
            )
        if row is None:
            raise NotFound("There is no such user")
        return words.read(row)

    async def change(self, by: Scope | None, user_id: str, patch: UserPatch, version: int | None = None) -> User:
        """Change the named fields. Another role takes effect at once, for what is open too. Raises Stale where
        `version` is not the present one."""
        facts = {name: value for name, value in patch.model_dump().items() if name in patch.model_fields_set}
        facts = {k: v for k, v in facts.items() if v is not None or k in ("extension", "team")}
        with answered(), _taken("", patch.extension):
            async with self._database.as_owner() as connection:
                before = await _one(connection, known_id(user_id), lock=True)
                if version is not None and version != before.version:
                    found = {name: {"yours": value, "theirs": getattr(before, name)} for name, value in facts.items()}
                    raise Stale("Somebody else changed this user meanwhile", {"difference": found})
                if before.role == "admin" and facts.get("role", "admin") != "admin":
                    await _not_the_last(connection, before.id)
                if "team" in facts:
                    facts["team_id"] = await _team(connection, facts.pop("team"))
                for column, value in facts.items():
                    await connection.execute(f"update app_user set {column} = $1 where id = $2", value, before.id)
                await connection.execute("update app_user set version = version + 1 where id = $1", before.id)
                await noted(connection, by, "user.changed", before.id, fields=sorted(facts))
                after = await _one(connection, before.id)
        return self._told(after, signed_out=False)

    async def disable(self, by: Scope | None, user_id: str) -> User:
        """Shut a user out: his sessions end now. Raises Conflict for the last administrator."""
        with answered():
            async with self._database.as_owner() as connection:
                before = await _one(connection, known_id(user_id), lock=True)
                if before.role == "admin":
                    await _not_the_last(connection, before.id)
                await connection.execute(
                    """
                    update app_user set disabled_at = coalesce(disabled_at, now()), version = version + 1 where id = $1
                    """,
                    before.id,
                )
                await _sign_out(connection, before.id)
                await noted(connection, by, "user.disabled", before.id)
                after = await _one(connection, before.id)
        return self._told(after, signed_out=True)

    async def enable(self, by: Scope | None, user_id: str) -> User:
        """Let a user in again. Raises Conflict where somebody else has his extension now."""
        with answered(), _taken("", "?"):
            async with self._database.as_owner() as connection:
                before = await _one(connection, known_id(user_id), lock=True)
                await connection.execute(
                    "update app_user set disabled_at = null, version = version + 1 where id = $1", before.id
                )
                await noted(connection, by, "user.enabled", before.id)
                after = await _one(connection, before.id)
        return self._told(after, signed_out=False)

    async def reset_password(self, by: Scope | None, user_id: str, password: str) -> User:
        """Another password; every session of his ends."""
        kept = await self.passwords.hashed(password)
        with answered():
            async with self._database.as_owner() as connection:
                before = await _one(connection, known_id(user_id), lock=True)
                await connection.execute("update app_user set password_hash = $1 where id = $2", kept, before.id)
                await connection.execute(
                    "delete from login_throttle where key = $1", f"login:{before.login.casefold()}"
                )
                await _sign_out(connection, before.id)
                await noted(connection, by, "user.password_reset", before.id)
        return self._told(before, signed_out=True)

    async def scope(self, user_id: str) -> Scope | None:
        """What a user may see; None for who is not there or shut out."""
        with answered():
            row = await self._database.pool.fetchrow(
                f"select {COLUMNS} from {TABLES} where u.id = $1 and u.disabled_at is null", known_id(user_id)
            )
        return words.read(row).scope if row else None

    async def names(self) -> dict[str, str]:
        """The names of extensions: whose phone it is."""
        with answered():
            rows = await self._database.pool.fetch(
                "select extension, name from app_user where extension is not null and disabled_at is null"
            )
        return {row["extension"]: row["name"] for row in rows}

    async def teams(self) -> tuple[dict[str, Any], ...]:
        """Every team: id and name."""
        with answered():
            rows = await self._database.pool.fetch("select id, name from team order by name")
        return tuple({"id": str(row["id"]), "name": row["name"]} for row in rows)

    async def create_team(self, name: str) -> dict[str, Any]:
        """A team; the one of that name where there is one."""
        with answered():
            async with self._database.as_owner() as connection:
                return {"id": await _team(connection, name.strip()), "name": name.strip()}

    async def settings(self, scope: Scope) -> dict[str, Any]:
        """What he chose himself: language, time_zone, keys, …"""
        with answered():
            row = await self._database.pool.fetchrow(
                "select language, time_zone, settings from app_user where id = $1", scope.user_id
            )
        if row is None:
            raise NotFound("There is no such user")
        own = {"keys": {}} | orjson.loads(row["settings"])
        return {**own, "language": row["language"], "time_zone": row["time_zone"]}

    async def set_settings(self, scope: Scope, chosen: dict[str, Any]) -> dict[str, Any]:
        """Keep the named choices of a user; the others stay."""
        own = {name: value for name, value in chosen.items() if name not in _OWN_COLUMNS}
        with answered():
            row = await self._database.pool.fetchrow(
                f"""
                with kept as (
                    update app_user set language = coalesce($2, language), time_zone = coalesce($3, time_zone),
                                        settings = settings || $4::jsonb
                     where id = $1 returning *)
                select {COLUMNS} from kept u left join team t on t.id = u.team_id
                """,
                scope.user_id,
                chosen.get("language"),
                chosen.get("time_zone"),
                orjson.dumps(own).decode(),
            )
        if row is not None:
            self._told(words.read(row), signed_out=False)
        return await self.settings(scope)

    def _told(self, user: User, *, signed_out: bool) -> User:
        self._changed(UserChanged(at=datetime.now(UTC), user_id=user.id, signed_out=signed_out))
        return user


class _taken:  # noqa: N801 - reads as a phrase
    """Say what is taken, in words."""

    def __init__(self, login: str, extension: str | None) -> None:
        self._facts = {"login": login, "extension": extension}

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Raise Conflict instead of a broken unique index."""
        if not isinstance(error, asyncpg.UniqueViolationError):
            return
        if error.constraint_name == "app_user_extension":
            raise Conflict("Somebody else has this extension already", self._facts) from error
        raise Conflict("Somebody else has this login already", self._facts) from error


async def _one(connection: Connection, user_id: str, *, lock: bool = False) -> User:
    ending = " for update of u" if lock else ""
    row = await connection.fetchrow(f"select {COLUMNS} from {TABLES} where u.id = $1{ending}", user_id)
    if row is None:
        raise NotFound("There is no such user")
    return words.read(row)


async def _team(connection: Connection, team: str | None) -> str | None:
    """The id of a team given by id or name; made where there is none of that name."""
    if team is None:
        return None
    found = await connection.fetchval("select id from team where id::text = lower($1) or name = $1", team)
    if found is None:
        found = await connection.fetchval(
            """
            insert into team (id, name) values ($1, $2)
            on conflict (name) do update set name = excluded.name returning id
            """,
            new_id(),
            clean(team),
        )
    return str(found)


async def _not_the_last(connection: Connection, user_id: str) -> None:
    await connection.execute("lock table app_user in share row exclusive mode")
    others = "select exists (select from app_user where role = 'admin' and disabled_at is null and id <> $1)"
    if not await connection.fetchval(others, user_id):
        raise Conflict("This is the last administrator: make another one first")


async def _sign_out(connection: Connection, user_id: str) -> None:
    await connection.execute("delete from session where user_id = $1", user_id)
