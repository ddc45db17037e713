"""Every page the house itself has: log-in and account, users, clients, calls. The desk's are the screen pop's own."""

from crm_store.store import Store
from domain.routes import Screen
from switchroom.account_pages import AccountPages
from switchroom.call_pages import CallPages
from switchroom.client_pages import ClientPages
from switchroom.people_pages import PeoplePages


def screens(store: Store) -> tuple[Screen, ...]:
    """The pages over `store`, with their forms."""
    account = AccountPages(users=store.users, sessions=store.sessions)
    clients = ClientPages(
        clients=store.clients, timeline=store.timeline, tasks=store.tasks, orders=store.orders, calls=store.calls
    )
    people, calls = PeoplePages(users=store.users), CallPages(calls=store.calls)
    return (*account.screens(), *people.screens(), *clients.screens(), *calls.screens())
