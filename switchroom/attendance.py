"""What a running server is not told about its users, noticed while they work: the command line adds and shuts out
users in a process of its own, and a session that nobody uses ends by itself."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from crm_store.store import Store
from domain.events import UserChanged
from domain.problems import Unavailable
from screenpop.gateway import Gateway

log = structlog.get_logger()
EVERY = 30.0


async def watch(store: Store, gateway: Gateway, publish: Callable[[UserChanged], None]) -> None:
    """Publish, now and then, who is new, changed or signed out; the open connections are checked again by that."""
    known = await _users(store)
    while True:
        await asyncio.sleep(EVERY)
        try:
            found = await _users(store)
            gone = await _signed_out(store, gateway)
        except Unavailable:  # nobody is let go because the database is away
            log.info("users could not be looked through; the database is away")
            continue
        changed = {user_id for user_id, state in found.items() if known.get(user_id) != state}
        for user_id in changed | gone:
            publish(UserChanged(at=datetime.now(UTC), user_id=user_id, signed_out=user_id in gone))
        known = found


async def _users(store: Store) -> Mapping[str, Any]:
    return {one.id: (one.version, one.disabled_at) for one in await store.users.list()}


async def _signed_out(store: Store, gateway: Gateway) -> set[str]:
    """Whose open connections have a session that is no more."""
    links = gateway.open_links()
    alive = await store.sessions.alive({link.session_id for link in links})
    return {link.scope.user_id for link in links if link.session_id not in alive}
