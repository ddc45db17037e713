"""A house for the browser tests: the real pages in the real frame, with a telephone, a feed and a client base of fakes.

`House.rings(...)`, `.answered(...)`, `.hung_up(...)` play a call as the live gateway tells it (contract, section 5);
what the page asks over REST changes the same calls. Nothing here knows Asterisk or PostgreSQL.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from domain.problems import Conflict, NotFound
from domain.record import instant
from domain.rights import Scope
from domain.routes import Route
from screenpop.pages import screens
from switchroom.guard import Address
from switchroom.web import serve_site, site

ANNA = Scope(user_id="u101", login="anna", name="Анна Орлова", role="agent", extension="101", language="ru")
CHIEF = Scope(user_id="u100", login="chief", name="Павел Седов", role="supervisor", extension="100", language="ru")
MARIA = "+79211234567"
STRANGER = "+79035550017"
SHARED = "+78123334455"
Facts = dict[str, Any]

NAMES = (
    "Борис Ким",
    "Вера Ли",
    "Глеб Штерн",
    "Дина Асанова",
    "Егор Жуков",
    "Жанна Белова",
    "Зоя Никитина",
    "Игорь Панов",
    "Кира Волошина",
    "Лев Тарасов",
)
STATES = ("idle", "talking", "idle", "hold", "unavailable", "ringing", "dnd", "busy", "idle", "talking")
OWN = ("ready", "ready", "paused", "ready", "offline", "ready", "ready", "ready", "wrapup", "ready")
OUTCOMES = (
    ("solved", "Вопрос решён", "Solved"),
    ("callback", "Перезвонить", "Call back"),
    ("order", "Заказ", "Order"),
    ("consultation", "Консультация", "Advice given"),
    ("complaint", "Жалоба", "Complaint"),
    ("refused", "Отказ", "Refused"),
    ("wrong_number", "Ошиблись номером", "Wrong number"),
)


def ago(**span: float) -> str:
    """A moment in the past, as the contract writes it."""
    return str(instant(datetime.now(UTC) - timedelta(**span)))


def client(name: str, number: str, **more: Any) -> Facts:
    """A client as REST gives him."""
    base = {
        "id": str(uuid4()),
        "kind": "person",
        "name": name,
        "company": "",
        "numbers": [{"number": number, "kind": "mobile"}],
        "emails": [],
        "responsible": "u101",
        "responsible_name": "Анна Орлова",
        "team": None,
        "language": "ru",
        "time_zone": "",
        "fields": {},
        "version": 1,
    }
    return base | more


def card_of(known: Facts | None, number: str, **more: Any) -> Facts:
    """The light card of `known` (None: nobody has this number)."""
    empty = {"client": known, "match": "exact" if known else "none", "candidates": [], "number": number, "script": None}
    return empty | {"last": [], "orders": [], "tasks": [], "foreign": None} | more


def marias_card(known: Facts) -> Facts:
    """A client with a past: contacts, orders, tasks."""
    last = [
        ("call", 1.2, "Входящий, 3:12: перенести доставку на субботу"),
        ("sms", 3, "Заказ № 40817 собран, ждём вас до 20:00"),
        ("order", 3.1, "Заказ № 40817 на 12 480 ₽ подтверждён"),
        ("call", 19, "Исходящий, 1:05: подтвердили адрес"),
        ("note", 42, "Просит звонить после двух часов дня"),
    ]
    orders = [
        {
            "id": "o1",
            "number": "40817",
            "state": "confirmed",
            "total": 12480,
            "created_at": ago(days=3),
            "lines": [
                {"product": "Кресло «Онега», серое", "quantity": 1, "price": 10990},
                {"product": "Подъём на этаж", "quantity": 1, "price": 1490},
            ],
            "delivery": {"address": "Санкт-Петербург, ул. Марата, 12, кв. 40"},
        },
        {
            "id": "o2",
            "number": "40822",
            "state": "unconfirmed",
            "total": 3190.5,
            "created_at": ago(hours=5),
            "lines": [{"product": "Плед, лён", "quantity": 2, "price": 1595.25}],
        },
    ]
    tasks = [{"id": "t1", "title": "Уточнить время доставки", "due_at": ago(hours=2)}]
    history = [
        {"id": str(i), "at": ago(days=days), "kind": kind, "summary": text} for i, (kind, days, text) in enumerate(last)
    ]
    return card_of(known, MARIA, last=history, orders=orders, tasks=tasks)


@dataclass
class House:
    """Everything behind the page, and what it was asked."""

    people: tuple[Scope, ...] = (ANNA, CHIEF)
    calls: dict[str, Facts] = field(default_factory=dict)
    cards: dict[str, Facts] = field(default_factory=dict)
    clients: dict[str, Facts] = field(default_factory=dict)
    missed: list[Facts] = field(default_factory=list)
    tasks: list[Facts] = field(default_factory=list)
    presence: dict[str, Facts] = field(default_factory=dict)
    queues: list[Facts] = field(default_factory=list)
    settings: Facts = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    heard: list[Facts] = field(default_factory=list)
    pops: list[Facts] = field(default_factory=list)
    exchanges: dict[str, bool] = field(default_factory=lambda: {"main": True})
    wrapup_seconds: int = 30
    refuse: str = ""
    deaf: bool = False
    links: dict[ServerConnection, Scope] = field(default_factory=dict)
    epoch: str = field(default_factory=lambda: uuid4().hex)
    _seq: Any = field(default_factory=lambda: count(1))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # --- the world ---------------------------------------------------------------------------------------

    def furnish(self, phones: int = 12) -> None:
        """A client base, a team, queues: an ordinary morning."""
        maria = client(
            "Мария Соколова",
            MARIA,
            company="ООО «Северный ветер»",
            time_zone="Asia/Omsk",
            fields={"city": "Омск", "position": "закупки", "contract": "40817-22"},
        )
        ivan = client("Иван Петров", SHARED, company="ИП Петров")
        olga = client("Ольга Петрова", SHARED)
        self.clients = {one["id"]: one for one in (maria, ivan, olga)}
        self.cards = {MARIA: marias_card(maria), SHARED: card_of(None, SHARED, match="maybe", candidates=[ivan, olga])}
        self.presence = {
            "101": self.phone("101", "idle", ANNA.name, "ready"),
            "100": self.phone("100", "idle", CHIEF.name, "ready"),
        }
        for i in range(phones):
            extension, spare = str(102 + i), i % 11 == 10
            own = None if spare else OWN[i % 10]
            self.presence[extension] = self.phone(extension, STATES[i % 10], None if spare else NAMES[i % 10], own)
        self.queues = [
            {
                "pbx": "main",
                "queue": name,
                "waiting": waiting,
                "longest_wait": 41.0 * waiting,
                "longest_since": ago(seconds=41 * waiting) if waiting else None,
                "service_level": level,
                "members": [],
            }
            for name, waiting, level in (("продажи", 3, 0.84), ("поддержка", 0, 0.97), ("vip", 1, None))
        ]
        self.missed = [
            {
                "id": str(uuid4()),
                "direction": "inbound",
                "caller": {"number": number, "name": "", "extension": None},
                "client": {"name": name} if name else None,
                "started_at": ago(minutes=minutes),
                "outcome": outcome,
                "queue": queue,
                "legs": [],
            }
            for number, name, minutes, outcome, queue in (
                (SHARED, "", 7, "abandoned", "продажи"),
                ("+79219876543", "Константин Константинопольский", 64, "no_answer", None),
                ("+4915123456789", "", 1500, "cancelled", "vip"),
            )
        ]
        self.tasks = [
            {
                "id": str(uuid4()),
                "title": title,
                "number": None,
                "client_name": name,
                "dials": number,
                "due_at": due,
                "state": "open",
            }
            for title, number, name, due in (
                ("Подтвердить адрес доставки", MARIA, "Мария Соколова", ago(hours=1)),
                ("Рассказать о скидке на повторный заказ", "+79119998877", "Тимур Рашидов", ago(hours=-2)),
                ("Перезвонить по договору", SHARED, "Иван Петров", ago(hours=-20)),
            )
        ]

    def phone(self, extension: str, state: str, name: str | None, own: str | None) -> Facts:
        """One extension's presence."""
        return {
            "pbx": "main",
            "extension": extension,
            "state": state,
            "user": {"id": f"u{extension}", "name": name} if name else None,
            "user_state": own,
            "reason": "Обед" if own == "paused" else None,
            "since": ago(seconds=37 + int(extension) % 50 * 11),
            "user_since": ago(seconds=97),
            "peer": None,
        }

    # --- the feed ----------------------------------------------------------------------------------------

    def tell(self, *events: Facts, to: Scope | None = None) -> None:
        """Send events now, to everybody or to one."""
        if self.deaf:
            return
        numbered = [{"seq": next(self._seq), "at": instant(datetime.now(UTC)), **event} for event in events]
        for link, scope in self.links.items():
            if to is None or scope.user_id == to.user_id:
                self._later(link.send(json.dumps(numbered)))

    def _later(self, coroutine: Any) -> None:
        async def quietly() -> None:
            with suppress(ConnectionClosed):
                await coroutine

        task = asyncio.get_running_loop().create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def of(self, scope: Scope) -> list[Facts]:
        return [call for call in self.calls.values() if call["agent"] == scope.extension or scope.role == "supervisor"]

    def snapshot(self, scope: Scope) -> Facts:
        own = [
            {**call, "card": self.cards.get(call["number"]) if call["agent"] == scope.extension else None}
            for call in self.of(scope)
            if call["state"] != "ended"
        ]
        return {
            "type": "snapshot",
            "calls": own,
            "presence": list(self.presence.values()),
            "queues": self.queues,
            "pbx": [{"pbx": name, "connected": up, "reason": ""} for name, up in self.exchanges.items()],
            "tasks": [],
            "campaign": None,
        }

    async def greet(self, link: ServerConnection) -> None:
        cookie = link.request.headers.get("Cookie", "") if link.request else ""
        scope = next((one for one in self.people if f"={one.login}" in cookie), None)
        if scope is None:
            await link.close(4001, "not authorised")
            return
        user = {"id": scope.user_id, "name": scope.name, "role": scope.role, "extension": scope.extension}
        hello = {
            "type": "hello",
            "user": user,
            "server_time": instant(datetime.now(UTC)),
            "version": "0.1.0",
            "epoch": self.epoch,
            "heartbeat": 1.0,
        }
        asked = parse_qs(urlsplit(link.request.path if link.request else "").query)
        self.asked.append(("live", {name: values[0] for name, values in asked.items()}))
        self.links[link] = scope
        await link.send(
            json.dumps(
                [
                    {"seq": next(self._seq), "at": instant(datetime.now(UTC)), **event}
                    for event in (hello, self.snapshot(scope))
                ]
            )
        )
        beat = asyncio.create_task(self._beat(link))
        try:
            async for message in link:
                self.heard.append({"by": scope.login, **json.loads(message)})
        except ConnectionClosed:
            pass
        finally:
            beat.cancel()
            self.links.pop(link, None)

    async def _beat(self, link: ServerConnection) -> None:
        while True:
            if not self.deaf:
                await link.send(
                    json.dumps(
                        [{"seq": next(self._seq), "at": instant(datetime.now(UTC)), "type": "ping", "latency_ms": 3.4}]
                    )
                )
            await asyncio.sleep(1)

    # --- calls -------------------------------------------------------------------------------------------

    def rings(
        self,
        number: str | None = MARIA,
        *,
        agent: str = "101",
        name: str = "",
        queue: str | None = "продажи",
        **more: Any,
    ) -> str:
        """A call comes in for an agent; his card goes with the first event."""
        call_id = str(uuid4())
        self.calls[call_id] = self._call(call_id, agent, number, "ringing", ["answer", "hangup"], name, queue) | more
        self._phone_is(agent, "ringing")
        self.change(call_id, first=True)
        return call_id

    def dials(self, number: str, agent: str = "101") -> str:
        """Click to call: the agent's own phone first."""
        call_id = str(uuid4())
        call = self._call(call_id, agent, number, "dialing", ["hangup"], "", None)
        call |= {
            "direction": "outbound",
            "dialed": number,
            "caller": {"number": agent, "name": "Анна Орлова", "extension": agent, "endpoint": f"PJSIP/{agent}"},
            "legs": [],
        }
        self.calls[call_id] = call
        self._phone_is(agent, "busy")
        self.change(call_id, first=True)
        return call_id

    def _call(
        self, call_id: str, agent: str, number: str | None, state: str, actions: list[str], name: str, queue: str | None
    ) -> Facts:
        leg = {
            "extension": agent,
            "endpoint": f"PJSIP/{agent}",
            "number": None,
            "rang_at": ago(),
            "answered_at": None,
            "ended_at": None,
            "result": None,
        }
        return {
            "id": call_id,
            "pbx": "main",
            "linkedid": "1.1",
            "direction": "inbound",
            "caller": {"number": number, "name": name, "extension": None, "endpoint": "PJSIP/provider"},
            "dialed": "+78123334400",
            "queue": queue,
            "queues": [queue] if queue else [],
            "client_id": None,
            "started_at": ago(),
            "answered_at": None,
            "ended_at": None,
            "talk_seconds": 0.0,
            "hold_seconds": 0.0,
            "outcome": None,
            "answered_by": [],
            "owner": None,
            "legs": [leg],
            "transfers": [],
            "ended_by": None,
            "disposition": None,
            "note": "",
            "state": state,
            "actions": actions,
            "agent": agent,
            "number": number,
        }

    def change(self, call_id: str, *, first: bool = False, **facts: Any) -> None:
        """A call's record changed: told to its agent (with the card the first time) and to who watches lines."""
        call = self.calls[call_id] = self.calls[call_id] | facts
        here = [] if call["state"] in ("ended", "withdrawn") else [{"extension": call["agent"], "state": call["state"]}]
        call["parties"] = facts.get("parties", here)
        for scope in self.people:
            if call["agent"] == scope.extension:
                card = {"card": self.cards.get(call["number"] or "", card_of(None, call["number"]))} if first else {}
                self.tell({"type": "call", "call": call, **card}, to=scope)
            elif scope.role == "supervisor":
                self.tell({"type": "call", "call": call}, to=scope)

    TALKING = ("hold", "mute", "transfer", "conference", "park", "hangup")

    def answered(self, call_id: str) -> None:
        agent = self.calls[call_id]["agent"]
        self._phone_is(agent, "talking")
        self.change(
            call_id, state="talking", answered_at=ago(), answered_by=[agent], owner=agent, actions=list(self.TALKING)
        )

    def hung_up(self, call_id: str, by: str = "caller") -> None:
        """The call is over: answered ones leave their agent in wrap-up."""
        call = self.calls[call_id]
        talked = bool(call["answered_by"]) or call["direction"] == "outbound"
        began = call["answered_at"]
        seconds = (datetime.now(UTC) - datetime.fromisoformat(began)).total_seconds() if began else 0.0
        outcome = "answered" if began else "cancelled"
        self._phone_is(call["agent"], "idle")
        if talked:
            own = self.presence[call["agent"]]
            own |= {"user_state": "wrapup", "user_since": ago(), "until": ago(seconds=-self.wrapup_seconds)}
            self.tell({"type": "presence", **{name: own[name] for name in own if name not in ("until", "extended")}})
        self.change(
            call_id,
            state="ended",
            ended_at=ago(),
            ended_by=by,
            outcome=outcome,
            talk_seconds=round(seconds, 2),
            actions=[],
        )

    def withdrawn(self, call_id: str, by: str = "102") -> None:
        """Somebody else answered."""
        self._phone_is(self.calls[call_id]["agent"], "idle")
        self.change(call_id, state="withdrawn", answered_by=[by], actions=[])

    def exchange(self, name: str, *, connected: bool) -> None:
        """An exchange answers or not."""
        self.exchanges[name] = connected
        self.tell({"type": "pbx", "pbx": name, "connected": connected, "reason": ""})

    def second_pbx(self, *extensions: str) -> None:
        """Another exchange with the same extensions, nobody logged in to its phones."""
        for extension in extensions:
            self.presence[f"north/{extension}"] = self.phone(extension, "idle", None, None) | {"pbx": "north"}

    def asks(self, call_id: str, whom: str) -> None:
        """The agent calls a colleague while the client waits."""
        call = self.calls[call_id]
        self._phone_is(call["agent"], "hold")
        self._phone_is(whom, "ringing")
        leg = {**call["legs"][0], "extension": whom, "answered_at": None}
        actions = ["mute", "complete", "cancel", "conference", "hangup"]
        self.change(call_id, state="held", legs=[*call["legs"], leg], actions=actions)

    def asked_enough(self, call_id: str, *, handed: bool) -> None:
        """The client goes to the colleague, or comes back to the agent."""
        call = self.calls[call_id]
        whom = call["legs"][-1]["extension"]
        self._phone_is(call["agent"], "idle" if handed else "talking")
        self._phone_is(whom, "talking" if handed else "idle")
        if handed:
            told = {"kind": "attended", "by": call["agent"], "to": whom, "at": ago(), "result": "answered"}
            self.change(call_id, state="withdrawn", transfers=[told], actions=[])
        else:
            self.change(call_id, state="talking", legs=call["legs"][:1], actions=list(self.TALKING))

    def asked_answers(self, call_id: str) -> None:
        """The colleague picks up."""
        *others, leg = self.calls[call_id]["legs"]
        self._phone_is(leg["extension"], "talking")
        self.change(call_id, legs=[*others, {**leg, "answered_at": ago(), "result": "answered"}])

    def _phone_is(self, extension: str, state: str) -> None:
        row = self.presence.get(extension)
        if row is not None:
            row |= {"state": state, "since": ago()}
            self.tell({"type": "presence", **row})

    # --- REST --------------------------------------------------------------------------------------------

    async def act(self, user: Scope, id: str, action: str, body: Facts) -> Facts:  # noqa: A002
        self.asked.append((action, {"call": id, **body}))
        call = self.calls.get(id)
        if call is None:
            raise NotFound("There is no such call")
        if self.refuse:
            raise Conflict(self.refuse)
        match action:
            case "answer":
                self.answered(id)
            case "hold":
                self._phone_is(call["agent"], "hold")
                self.change(id, state="held", actions=["resume", *self.TALKING[1:]])
            case "resume":
                self._phone_is(call["agent"], "talking")
                self.change(id, state="talking", actions=list(self.TALKING))
            case "mute" | "unmute":
                other = {"mute": "unmute", "unmute": "mute"}
                self.change(id, actions=[other.get(each, each) for each in call["actions"]])
            case "complete" | "cancel":
                self.asked_enough(id, handed=action == "complete")
            case "transfer" if body.get("kind") == "attended":
                self.asks(id, body["to"])
            case "transfer" | "park":
                self._phone_is(call["agent"], "idle")
                self.change(id, state="withdrawn", actions=[])
            case _:
                self.hung_up(id, by="callee")
        return self.calls[id]

    async def dial(self, user: Scope, body: Facts) -> Facts:
        self.asked.append(("dial", body))
        return self.calls[self.dials(body["to"])]

    async def one(self, user: Scope, id: str) -> Facts:  # noqa: A002
        return self.calls[id]

    async def patch(self, user: Scope, id: str, body: Facts) -> Facts:  # noqa: A002
        self.asked.append(("patch", {"call": id, **body}))
        self.calls[id] |= body
        return self.calls[id]

    async def list_calls(self, user: Scope, query: Facts) -> Facts:
        mine = [call for call in self.calls.values() if query.get("extension") in (None, call["agent"])]
        past = [call for call in reversed(mine) if call["ended_at"]]
        return {"items": past[: int(query.get("limit", 50))], "next": None}

    async def create(self, user: Scope, body: Facts) -> Facts:
        self.asked.append(("create", body))
        made = client(body["name"], body["numbers"][0]["number"])
        self.clients[made["id"]] = made
        self.cards[body["numbers"][0]["number"]] = card_of(made, body["numbers"][0]["number"])
        return made

    async def attach(self, user: Scope, id: str, body: Facts) -> Facts:  # noqa: A002
        self.asked.append(("attach", {"client": id, **body}))
        self.cards[body["number"]] = card_of(self.clients[id], body["number"])
        return self.clients[id]

    async def find(self, user: Scope, query: Facts) -> Facts:
        wanted = query.get("query", "").casefold()
        digits = wanted.lstrip("+")
        hits = [
            one
            for one in self.clients.values()
            if wanted in f"{one['name']} {one['company']}".casefold()
            or (digits.isdigit() and digits in one["numbers"][0]["number"])
        ]
        return {"items": hits[: int(query.get("limit", 50))], "next": None}

    async def lookup(self, user: Scope, query: Facts) -> Facts:
        return self.cards.get(query["number"]) or card_of(None, query["number"])

    async def client(self, user: Scope, id: str) -> Facts:  # noqa: A002
        if id not in self.clients:
            raise NotFound("There is no such client")
        return self.clients[id]

    async def history(self, user: Scope, id: str, query: Facts) -> Facts:  # noqa: A002
        number = self.clients[id]["numbers"][0]["number"]
        return {"items": self.cards[number]["last"], "next": None}

    async def own_state(self, user: Scope, query: Facts) -> Facts:
        own = self.presence[str(user.extension)]
        return {
            "state": own["user_state"],
            "since": own["user_since"],
            "until": own.get("until"),
            "extendable": own["user_state"] == "wrapup" and not own.get("extended"),
            "reason": None,
        }

    async def become(self, user: Scope, body: Facts) -> Facts:
        self.asked.append(("state", body))
        own = self.presence[str(user.extension)]
        if body["state"] == "wrapup":
            own |= {"until": ago(seconds=-self.wrapup_seconds - 30), "extended": True}
            return await self.own_state(user, {})
        own |= {
            "user_state": body["state"],
            "reason": body.get("reason"),
            "user_since": ago(),
            "until": None,
            "extended": False,
        }
        self.tell({"type": "presence", **{name: own[name] for name in own if name not in ("until", "extended")}})
        return await self.own_state(user, {})

    async def keep(self, user: Scope, body: Facts) -> Facts:
        self.settings |= body
        return self.settings

    def routes(self) -> tuple[Route, ...]:
        async def given(user: Scope) -> Facts:
            return {}

        def constant(make: Any) -> Any:
            async def answer(user: Scope, query: Facts) -> Facts:
                return make()

            return answer

        table: list[tuple[str, str, Any]] = [
            ("GET", "/calls", self.list_calls),
            ("POST", "/calls", self.dial),
            ("GET", "/calls/missed", constant(lambda: {"items": self.missed})),
            (
                "GET",
                "/calls/dispositions",
                constant(lambda: {"items": [{"key": key, "ru": ru, "en": en} for key, ru, en in OUTCOMES]}),
            ),
            ("GET", "/calls/{id}", self.one),
            ("PATCH", "/calls/{id}", self.patch),
            ("POST", "/calls/{id}/{action}", self.act),
            ("GET", "/clients", self.find),
            ("POST", "/clients", self.create),
            ("GET", "/clients/lookup", self.lookup),
            ("GET", "/clients/{id}", self.client),
            ("GET", "/clients/{id}/history", self.history),
            ("POST", "/clients/{id}/numbers", self.attach),
            ("POST", "/clients/{id}/choose", self.attach),
            ("GET", "/tasks", constant(lambda: {"items": self.tasks, "next": None})),
            ("GET", "/pops", constant(lambda: {"items": self.pops})),
            ("GET", "/users/me/settings", constant(lambda: self.settings)),
            ("PUT", "/users/me/settings", self.keep),
            ("GET", "/agents/me/state", self.own_state),
            ("PUT", "/agents/me/state", self.become),
        ]
        return tuple(Route(method=method, path=path, handler=handler, summary=path) for method, path, handler in table)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Served:
    """A house that is open: its address, and the line to its feed, which can be cut."""

    house: House
    url: str
    live_port: int
    gate: "Gate"


@dataclass
class Gate:
    """The feed's server; `cut` closes it as a crash would, `mend` opens it again on the same port."""

    house: House
    port: int
    server: Server | None = None

    async def mend(self) -> None:
        self.server = await serve(self.house.greet, "127.0.0.1", self.port, ping_interval=None)

    async def cut(self) -> None:
        if self.server is not None:
            self.server.close(close_connections=True)
            await self.server.wait_closed()
            self.server = None


@asynccontextmanager
async def open_house(house: House, *, language: str = "ru") -> AsyncIterator[Served]:
    """Serve `house` on free ports of the loopback."""
    house.people = tuple(replace(scope, language=language) for scope in house.people)
    gate = Gate(house, _free_port())
    await gate.mend()
    address = Address(port=8080, live_port=gate.port)

    async def who(token: str) -> Scope | None:
        return next((scope for scope in house.people if scope.login == token), None)

    app = site(routes=house.routes(), pages=screens(), who=who, address=address)
    async with serve_site(app, "127.0.0.1", 0) as port:
        try:
            yield Served(house, f"http://127.0.0.1:{port}", gate.port, gate)
        finally:
            await gate.cut()
