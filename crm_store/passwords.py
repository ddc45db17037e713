"""Passwords: argon2id, in a thread, few at a time: one takes a fifth of a second and 64 MiB."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from domain.problems import Invalid

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 200
_AT_ONCE = 4


class Passwords:
    """Makes and checks password hashes. An unknown user costs as much time as a known one."""

    def __init__(self, hasher: "PasswordHasher | None" = None) -> None:
        self._given = hasher
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """The hash to keep; raises Invalid for a password that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            detail = "A password has {shortest} to {longest} characters"
            raise Invalid(detail, {"shortest": SHORTEST, "longest": LONGEST, "errors": [{"field": "password"}]})
        async with self._room:
            return await asyncio.to_thread(self._hash, _bytes(password))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether `password` is the one of `kept`; None: nobody's, found out as slowly."""
        async with self._room:
            return await asyncio.to_thread(self._verify, password, kept)

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        """Read at the first log-in: a server that starts has better things to do."""
        from argon2 import PasswordHasher

        return self._given or PasswordHasher()

    def _hash(self, password: bytes) -> str:
        return self._hasher.hash(password)

    def _verify(self, password: str, kept: str | None) -> bool:
        from argon2.exceptions import Argon2Error, InvalidHashError

        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(kept or self._nobody, _bytes(password[:LONGEST]))
        except (Argon2Error, InvalidHashError):
            return False
        return kept is not None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
