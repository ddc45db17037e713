"""Users and clients for the store's tests."""

from argon2 import PasswordHasher

from crm_store.client import ClientDraft, NumberDraft
from crm_store.clients import Clients
from crm_store.database import Database
from crm_store.passwords import Passwords
from crm_store.user import UserDraft
from crm_store.users import Users
from domain.rights import Role, Scope

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORD = "correct horse"


def users(database: Database) -> Users:
    """Users whose passwords are hashed quickly."""
    return Users(database, passwords=Passwords(QUICK))


async def someone(
    database: Database, login: str, role: Role = "agent", extension: str | None = None, team: str | None = None
) -> Scope:
    """A user's scope."""
    draft = UserDraft(login=login, name=f"Имя {login}", role=role, extension=extension, team=team)
    return (await users(database).create(None, draft, PASSWORD)).scope


async def client(database: Database, admin: Scope, name: str, *numbers: str, **facts: str | None) -> str:
    """A client's id."""
    drafts = tuple(NumberDraft(number=number) for number in numbers)
    return (await Clients(database).create(admin, ClientDraft(name=name, numbers=drafts, **facts))).id  # type: ignore[arg-type]
