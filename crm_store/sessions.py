"""Log-in: sessions that end the moment they are revoked, tickets for the live feed, and a brake on guessing."""

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_store import user as words
from crm_store.audit import noted
from crm_store.connection import answered, known_id, new_id
from crm_store.database import Database
from crm_store.text import clean
from crm_store.user import COLUMNS, TABLES
from crm_store.users import Users
from domain.events import UserChanged
from domain.problems import NotFound, TooMany, Unauthorised
from domain.record import instant
from domain.rights import Scope

IDLE = timedelta(hours=12)
LONGEST = timedelta(days=30)
TICKET = timedelta(seconds=30)

FREE_ATTEMPTS = {"login": 5, "address": 100}
"""Failures in a quarter of an hour before each further attempt has to wait, doubling from 2 s to 5 min."""
_WINDOW = timedelta(minutes=15)
_LONGEST_WAIT = 300

_REFUSED = "The login or the password is wrong"
_ALIVE = (
    f"s.seen_at > now() - interval '{IDLE.total_seconds()} s' and s.created_at > now() - interval '{LONGEST.days} days'"
)
_SIGNED_IN = f"""
select s.id as session_id, s.seen_at < now() - interval '1 minute' as stale, {COLUMNS}
  from session s join ({TABLES}) on u.id = s.user_id
 where u.disabled_at is null and {_ALIVE} and
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks, and by which session."""

    scope: Scope
    session_id: str


class Sessions:
    """Opens, checks and ends sessions. Only hashes of tokens and tickets are kept."""

    def __init__(
        self, database: Database, users: Users, *, changed: Callable[[UserChanged], None] = lambda _: None
    ) -> None:
        self._database = database
        self._users = users
        self._changed = changed

    async def open(self, login: str, password: str, *, address: str, user_agent: str = "") -> tuple[str, SignedIn]:
        """Log in: the session's token and who it is. Raises Unauthorised, the same for every reason; TooMany with
        `retry_after` in seconds after too many failures, whether the user exists or not."""
        key = clean(login.strip().casefold())[:100]
        with answered():
            await self._brake(f"login:{key}", f"address:{address}")
            row = await self._database.pool.fetchrow(
                f"select u.password_hash, {COLUMNS} from {TABLES} where u.login_key = $1 and u.disabled_at is null", key
            )
        fits = await self._users.passwords.fits(password, row["password_hash"] if row else None)
        if row is None or not fits:
            raise Unauthorised(_REFUSED)
        return await self._opened(words.read(row).scope, key, address, user_agent)

    async def _opened(self, scope: Scope, key: str, address: str, user_agent: str) -> tuple[str, SignedIn]:
        token, session_id = secrets.token_urlsafe(32), new_id()
        with answered():
            async with self._database.as_owner() as connection:
                opened = await connection.fetchval(
                    """
                    insert into session (id, token_hash, user_id, address, user_agent)
                    select $1, $2, id, $4, $5 from app_user where id = $3 and disabled_at is null returning true
                    """,
                    session_id,
                    _hash(token),
                    scope.user_id,
                    clean(address),
                    clean(user_agent)[:300],
                )
                if not opened:
                    raise Unauthorised(_REFUSED)
                await connection.execute("delete from login_throttle where key = $1", f"login:{key}")
                await connection.execute(  # a whole office logs in from one address
                    "update login_throttle set attempts = greatest(attempts - 1, 0) where key = $1",
                    f"address:{address}",
                )
                await connection.execute(f"delete from session s where user_id = $1 and not ({_ALIVE})", scope.user_id)
                await noted(connection, scope, "session.opened", session_id, address=address)
        return token, SignedIn(scope=scope, session_id=session_id)

    async def check(self, token: str) -> SignedIn | None:
        """Who has this token, now; None for nobody, or nobody any more."""
        with answered():
            row = await self._database.pool.fetchrow(f"{_SIGNED_IN} s.token_hash = $1", _hash(token))
            if row is not None and row["stale"]:
                await self._database.pool.execute("update session set seen_at = now() where id = $1", row["session_id"])
        return _signed_in(row)

    async def recheck(self, session_id: str) -> SignedIn | None:
        """Who a session is, now: for connections that are open already."""
        with answered():
            row = await self._database.pool.fetchrow(f"{_SIGNED_IN} s.id = $1", known_id(session_id))
        return _signed_in(row)

    async def alive(self, session_ids: Collection[str]) -> frozenset[str]:
        """Which of these sessions are still somebody's."""
        with answered():
            rows = await self._database.pool.fetch(
                f"""
                select s.id from session s join app_user u on u.id = s.user_id
                 where s.id = any($1::uuid[]) and u.disabled_at is null and {_ALIVE}
                """,
                list(session_ids),
            )
        return frozenset(str(row["id"]) for row in rows)

    async def revoke(self, token: str) -> None:
        """Log out: the session, its tickets and its live connections end."""
        with answered():
            user_id = await self._database.pool.fetchval(
                "delete from session where token_hash = $1 returning user_id", _hash(token)
            )
        self._signed_out(user_id)

    async def end(self, user_id: str, session_id: str) -> None:
        """End another session of the same user; raises NotFound where it is not his."""
        with answered():
            ended = await self._database.pool.fetchval(
                "delete from session where id = $1 and user_id = $2 returning user_id", known_id(session_id), user_id
            )
        if ended is None:
            raise NotFound("There is no such session")
        self._signed_out(ended)

    async def of_user(self, user_id: str, token: str | None = None) -> tuple[dict[str, Any], ...]:
        """Where a user is logged in, the latest first; `current` is the session of `token`."""
        with answered():
            rows = await self._database.pool.fetch(
                f"""
                select s.id, s.address, s.user_agent, s.created_at, s.seen_at, s.token_hash = $2 as current
                  from session s where s.user_id = $1 and {_ALIVE} order by s.seen_at desc
                """,
                user_id,
                _hash(token or ""),
            )
        return tuple(
            {
                "id": str(row["id"]),
                "address": row["address"],
                "user_agent": row["user_agent"],
                "created_at": instant(row["created_at"]),
                "seen_at": instant(row["seen_at"]),
                "current": row["current"],
            }
            for row in rows
        )

    async def ticket(self, token: str) -> str:
        """A ticket for the live feed: good once, for 30 s. Raises Unauthorised."""
        ticket = secrets.token_urlsafe(24)
        with answered():
            made = await self._database.pool.fetchval(
                f"""
                with old as (delete from ticket where expires_at < now())
                insert into ticket (ticket_hash, session_id, expires_at)
                select $1, s.id, now() + $3::interval from session s join app_user u on u.id = s.user_id
                 where s.token_hash = $2 and u.disabled_at is null and {_ALIVE} returning true
                """,
                _hash(ticket),
                _hash(token),
                TICKET,
            )
        if not made:
            raise Unauthorised("Log in first")
        return ticket

    async def redeem(self, ticket: str) -> SignedIn | None:
        """Who a ticket was given to; None where it is unknown, used or too old."""
        with answered():
            session_id = await self._database.pool.fetchval(
                "delete from ticket where ticket_hash = $1 and expires_at > now() returning session_id", _hash(ticket)
            )
        return await self.recheck(str(session_id)) if session_id else None

    async def _brake(self, *keys: str) -> None:
        """Count an attempt before it is judged, so that many at once are counted, too. Raises TooMany."""
        for key in keys:
            wait = await self._database.pool.fetchval(
                _COUNT, key, _WINDOW, FREE_ATTEMPTS[key.split(":")[0]], _LONGEST_WAIT
            )
            if wait is not None and wait > 0:
                detail = "Too many attempts: wait {retry_after} seconds"
                raise TooMany(detail, {"retry_after": max(1, round(wait))})

    def _signed_out(self, user_id: Any) -> None:
        if user_id is not None:
            self._changed(UserChanged(at=datetime.now(UTC), user_id=str(user_id), signed_out=True))


# Counts an attempt and answers how long to wait: one made while waiting is not counted, so waiting ends.
_COUNT = """
with known as (
    select attempts, until from login_throttle where key = $1 and since > now() - $2::interval
), counted as (
    insert into login_throttle as t (key, attempts, since) values ($1, 1, now())
    on conflict (key) do update set
        attempts = case when t.since > now() - $2::interval then t.attempts + 1 else 1 end,
        since = case when t.since > now() - $2::interval then t.since else now() end,
        until = case when t.since > now() - $2::interval and t.attempts + 1 > $3
                     then now() + least(power(2, least(t.attempts + 1 - $3, 20)), $4) * interval '1 s' end
     where t.until is null or t.until <= now()
    returning true)
select case when exists (select from counted) then 0
            else coalesce(extract(epoch from (select until from known) - now())::float8, 1) end
"""


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _signed_in(row: Any) -> SignedIn | None:
    return SignedIn(scope=words.read(row).scope, session_id=str(row["session_id"])) if row else None
