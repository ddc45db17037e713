"""Passwords: argon2id, in a thread, few at a time: one takes a fifth of a second and 64 MiB."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from domain.problems import Invalid

SHORTEST, LONGEST = 8, 200
_AT_ONCE = 4


class Passwords:
    """Makes and checks password hashes. An unknown user costs as much time as a known one."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._nobody: str | None = None

    async def hashed(self, password: str) -> str:
        """The hash to keep; raises Invalid for a password that is too short or too long."""
        if not SHORTEST <= len(password) <= LONGEST:
            detail = "A password has {shortest} to {longest} characters"
            raise Invalid(detail, {"shortest": SHORTEST, "longest": LONGEST, "errors": [{"field": "password"}]})
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, _bytes(password))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Whether `password` is the one of `kept`; None: nobody's, found out as slowly."""
        async with self._room:
            return await asyncio.to_thread(self._verify, password, kept)

    def _verify(self, password: str, kept: str | None) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(kept or self._nobody, _bytes(password[:LONGEST]))
        except (Argon2Error, InvalidHashError):
            return False
        return kept is not None


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
