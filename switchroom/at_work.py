"""Users find the state they chose again after a restart of the server: paused stays paused."""

import structlog

from crm_store.work_states import WorkStates
from domain.events import News, UserStateChanged
from domain.problems import Unavailable
from screenpop.states import States
from switchroom.bus import Bus

log = structlog.get_logger()


async def remember(states: States, kept: WorkStates, bus: Bus) -> None:
    """Take up what was kept, and keep what is chosen from now on."""
    states.remember(await kept.all())

    async def keep(news: News) -> None:
        assert isinstance(news, UserStateChanged)
        chosen = states.chosen(news.state.user_id)
        if chosen is None:
            return
        try:
            await kept.keep(news.state.user_id, chosen)
        except Unavailable:  # his next choice is kept again
            log.warning("a user's state was not kept: the database is away")

    bus.subscribe("work states", keep, UserStateChanged)
