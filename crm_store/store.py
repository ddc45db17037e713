"""The store as one thing: everything it offers, built once over one database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from config.settings import Settings
from crm_store.calls import Calls
from crm_store.cards import Cards
from crm_store.clients import Clients
from crm_store.database import Database
from crm_store.once import Once
from crm_store.orders import Orders
from crm_store.passwords import Passwords
from crm_store.sessions import Sessions
from crm_store.tasks import Tasks
from crm_store.timeline import TimeLine
from crm_store.users import Users
from crm_store.work_states import WorkStates
from domain.events import ClientChanged, UserChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Every door of the store. The history of running calls (`crm_store.history.History`) has a life of its own."""

    database: Database
    clients: Clients
    cards: Cards
    calls: Calls
    timeline: TimeLine
    tasks: Tasks
    orders: Orders
    users: Users
    sessions: Sessions
    once: Once
    work_states: WorkStates


def build(
    database: Database,
    settings: Settings,
    *,
    publish: Callable[[ClientChanged | UserChanged], None] = lambda _: None,
    passwords: Passwords | None = None,
    caught_up: Callable[[str], Awaitable[None]] | None = None,
) -> Store:
    """The store over `database`, numbers read as `settings` say; `publish` hears of every change after its commit.
    `caught_up(id)`: waits until what was heard of a running call is stored."""
    users = Users(
        database,
        passwords=passwords,
        changed=publish,
        language=settings.language,
        time_zone=settings.time_zone,
    )
    return Store(
        database=database,
        clients=Clients(database, country=settings.country, area_code=settings.area_code, changed=publish),
        cards=Cards(database),
        calls=Calls(database, caught_up=caught_up) if caught_up else Calls(database),
        timeline=TimeLine(database),
        tasks=Tasks(database),
        orders=Orders(database),
        users=users,
        sessions=Sessions(database, users, changed=publish),
        once=Once(database),
        work_states=WorkStates(database),
    )
