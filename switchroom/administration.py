"""What the administrator does from the shell: users, and the tables of an external database."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from config.settings import Settings
from crm_store.database import StoreError, open_database
from crm_store.store import Store, build
from crm_store.user import UserDraft
from domain.problems import Problem
from domain.rights import Role
from switchroom.progress import progress


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Who may log in from now on."""

    login: str
    name: str
    role: Role
    extension: str | None
    team: str | None
    password: str


async def add_user(settings: Settings, person: NewUser) -> int:
    """`switchroom user add`."""

    async def add(store: Store) -> None:
        draft = UserDraft(
            login=person.login, name=person.name, role=person.role, extension=person.extension, team=person.team
        )
        await store.users.create(None, draft, person.password)
        sys.stderr.write(f"{person.login} may log in.\n")

    return await _with_store(settings, add)


async def list_users(settings: Settings) -> int:
    """`switchroom user list`."""

    async def show(store: Store) -> None:
        table = Table("login", "name", "role", "extension", "team", "state", box=None, pad_edge=False)
        for one in await store.users.list():
            state = "disabled" if one.disabled_at else "active"
            table.add_row(one.login, one.name, one.role, one.extension or "", one.team_name or "", state)
        Console(width=None if sys.stdout.isatty() else 160).print(table)

    return await _with_store(settings, show)


async def disable_user(settings: Settings, login: str) -> int:
    """`switchroom user disable`: a running server lets go of his pages when they ask the next time."""

    async def disable(store: Store) -> None:
        one = await store.users.by_login(login)
        await store.users.disable(None, one.id)
        sys.stderr.write(f"{login} may no longer log in; what he did stays.\n")

    return await _with_store(settings, disable)


async def migrate(settings: Settings) -> int:
    """`switchroom migrate`."""
    try:
        async with open_database(settings, migrate=False) as database:
            with progress("Bringing the tables up to date") as told:
                applied = await database.migrate(told)
                told(1.0)
    except StoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stderr.write(f"Applied: {', '.join(applied)}\n" if applied else "The tables are up to date.\n")
    return 0


async def _with_store(settings: Settings, work: Callable[[Store], Awaitable[None]]) -> int:
    """Do `work`; the exit status: 0 done, 1 refused or no database, said in words."""
    try:
        async with open_database(settings) as database:
            if await database.pending():
                sys.stderr.write("The tables are older than this version; run: switchroom migrate\n")
                return 1
            await work(build(database, settings))
    except (StoreError, Problem) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except ValidationError as error:
        for fault in error.errors():
            sys.stderr.write(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}\n")
        return 2
    return 0
