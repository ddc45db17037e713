"""A made-up client base: plausible, Russian, the same for the same seed, loaded by COPY in a second or two."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from argon2 import PasswordHasher

from crm_store import seed_words as words
from crm_store.connection import Connection
from crm_store.database import Database
from crm_store.seed_calls import Called, call_rows
from crm_store.text import folded
from crm_store.user import User
from crm_store.users import Users
from domain.rights import Role

TEAMS = ("Продажи", "Поддержка")
PEOPLE: tuple[tuple[str, str, Role, str | None, str | None], ...] = (
    # login, name, role, extension, team
    ("101", "Анна Иванова", "agent", "101", "Продажи"),
    ("102", "Борис Петров", "agent", "102", "Продажи"),
    ("103", "Клара Сидорова", "agent", "103", "Продажи"),
    ("104", "Дмитрий Орлов", "agent", "104", "Поддержка"),
    ("105", "Елена Фомина", "agent", "105", "Поддержка"),
    ("106", "Жанна Кузнецова", "agent", "106", "Поддержка"),
    ("107", "Зоя Лебедева", "telemarketer", "107", "Продажи"),
    ("108", "Игорь Соколов", "telemarketer", "108", "Продажи"),
    ("marketer", "Кирилл Морозов", "marketer", "109", None),
    ("supervisor", "Лидия Зайцева", "supervisor", "110", None),
    ("admin", "Михаил Соловьёв", "admin", None, None),
)

Row = tuple[Any, ...]
OWN_SHARE = 0.12  # of the clients have a responsible user, half belong to a team, the rest to everybody


@dataclass(slots=True)
class Sheets:
    """What is to be loaded, a list of rows a table."""

    clients: list[Row] = field(default_factory=list)
    numbers: list[Row] = field(default_factory=list)
    calls: list[Row] = field(default_factory=list)
    legs: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A made-up client while his rows are written."""

    id: UUID
    name: str
    company: str
    kind: str
    city: str
    zone: str
    numbers: tuple[tuple[str, str], ...]
    owner: User | None
    team: str | None


async def seed(
    database: Database,
    *,
    passwords: Callable[[str], str] | str,
    at: datetime,
    clients: int = 3000,
    seed: int = 1,
    told: Callable[[float], None] = lambda _: None,
) -> tuple[User, ...]:
    """Fill an empty base with users, `clients` clients and what happened with them in the ninety days before `at`.
    `passwords`: the same for all, or made from the login. `told`: hears which share is done."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    async with database.as_owner() as connection:
        await _people(connection, passwords, random)
    users = await Users(database).list()
    sheets = Sheets()
    for number, person in enumerate(_persons(random, clients, users)):
        _write(sheets, person, random, at, users)
        told(number / clients * 0.7)
    async with database.as_owner() as connection:
        await _load(connection, sheets)
    told(1.0)
    return users


async def _people(connection: Connection, passwords: Callable[[str], str] | str, random: Random) -> None:
    hasher = PasswordHasher()
    teams = {name: _id(random) for name in TEAMS}
    await connection.executemany("insert into team (id, name) values ($1, $2)", [(teams[name], name) for name in TEAMS])
    same = hasher.hash(passwords) if isinstance(passwords, str) else None
    rows = [
        (_id(random), login, name, role, extension, teams.get(team or ""), same or hasher.hash(passwords(login)))  # type: ignore[operator]
        for login, name, role, extension, team in PEOPLE
    ]
    await connection.executemany(
        """
        insert into app_user (id, login, login_key, name, role, extension, team_id, password_hash)
        values ($1, $2, $2, $3, $4, $5, $6, $7)
        """,
        rows,
    )
    await connection.executemany(
        "insert into product (id, code, name, price, unit) values ($1, $2, $3, $4, $5) on conflict do nothing",
        [(_id(random), code, name, Decimal(price), unit) for code, name, price, unit in words.PRODUCTS],
    )


def _id(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _persons(random: Random, count: int, users: Sequence[User]) -> Iterator[Person]:
    agents = [user for user in users if user.role in ("agent", "telemarketer")]
    teams = sorted({user.team for user in agents if user.team})
    cities = [city for city in words.CITIES for _ in range(city[3])]
    free = iter(random.sample(range(len(words.MOBILE_CODES) * 10_000), count * 2))
    company = ""
    for place in range(count):
        city, area, zone, _ = random.choice(cities)
        kind = "company" if random.random() < 0.25 else "person"
        if kind == "company" or random.random() < 0.3:
            company = _company(random)
        mine = company if kind == "company" or random.random() < 0.25 else ""
        owner = random.choice(agents) if random.random() < OWN_SHARE else None
        team = owner.team if owner else (random.choice(teams) if teams and random.random() < 0.5 else None)
        numbers = [(_mobile(next(free)), "mobile")]
        if kind == "company" or random.random() < 0.35:
            numbers.append((f"+7{area}{place % 10 ** (10 - len(area)):0{10 - len(area)}}", "work"))
        if random.random() < 0.25:
            numbers.append((_mobile(next(free)), "mobile"))
        if random.random() < 0.03:  # a reception, a family: one number, several clients
            numbers.append((f"+78120000{place % 40 + 500:03}", "shared"))
        name = mine if kind == "company" else _name(random)
        yield Person(
            id=_id(random),
            name=name,
            company="" if kind == "company" else mine,
            kind=kind,
            city=city,
            zone=zone,
            numbers=tuple(numbers),
            owner=owner,
            team=team,
        )


def _name(random: Random) -> str:
    surname = random.choice(words.SURNAMES)
    if random.random() < 0.5:
        return f"{surname} {random.choice(words.MEN)} {random.choice(words.FATHERS)[0]}"
    woman = surname[:-2] + "ая" if surname.endswith(("ий", "ый")) else surname + "а"
    return f"{woman} {random.choice(words.WOMEN)} {random.choice(words.FATHERS)[1]}"


def _company(random: Random) -> str:
    name = f"«{random.choice(words.COMPANY_FIRST)} {random.choice(words.COMPANY_SECOND)}»"
    trade = f", {random.choice(words.TRADES)}" if random.random() < 0.4 else ""
    return f"{random.choice(words.FORMS)} {name}{trade}"


def _mobile(place: int) -> str:
    return f"+7{words.MOBILE_CODES[place // 10_000]}000{place % 10_000:04}"


def _write(sheets: Sheets, person: Person, random: Random, at: datetime, users: Sequence[User]) -> None:
    born = at - timedelta(days=random.randint(91, 900))
    fields = {"Город": person.city}
    email = [f"client{len(sheets.clients)}@example.ru"] if random.random() < 0.5 else []
    owner = UUID(person.owner.id) if person.owner else None
    team = UUID(person.team) if person.team else None
    search = folded(" ".join([person.name, person.company, *email]))
    sheets.clients.append(
        (
            *(person.id, person.kind, person.name, person.company, email, owner, team, "ru", person.zone),
            *(orjson.dumps(fields).decode(), folded(person.name), search, born, born),
        )
    )
    for place, (number, kind) in enumerate(person.numbers, 1):
        sheets.numbers.append((number, person.id, number, kind, place, born))
    talkers = [user for user in users if user.role == "agent" and person.team in (None, user.team)]
    _happened(sheets, person, random, at, talkers)
    if random.random() < 0.4:
        _ordered(sheets, person, random, at)
    if random.random() < 0.2:
        due = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=random.randint(-30, 120))
        assignee = person.owner or random.choice(talkers)
        sheets.tasks.append((_id(random), person.id, random.choice(words.TASKS), due, UUID(assignee.id), born))


def _happened(sheets: Sheets, person: Person, random: Random, at: datetime, talkers: Sequence[User]) -> None:
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4, 6))):
        when, who = _moment(random, at), random.choice(talkers)
        called = Called(person.id, random.choice(person.numbers)[0], when, who.extension or "101", len(sheets.calls))
        call, leg = call_rows(called, random)
        sheets.calls.append(call)
        sheets.legs.append(leg)
        sheets.entries.append((call[0], when, "call", person.id, None, "", "{}"))
    if random.random() < 0.35:
        text, who = random.choice(words.NOTES), random.choice(talkers)
        sheets.entries.append((_id(random), _moment(random, at), "note", person.id, UUID(who.id), text, "{}"))
    if random.random() < 0.3:
        direction, text = random.choice(words.SMS)
        facts = {
            "direction": direction,
            "number": person.numbers[0][0],
            "state": "received" if direction == "in" else "delivered",
        }
        entry = (_id(random), _moment(random, at), "sms", person.id, None, text, orjson.dumps(facts).decode())
        sheets.entries.append(entry)


def _ordered(sheets: Sheets, person: Person, random: Random, at: datetime) -> None:
    order, when = _id(random), _moment(random, at)
    state = random.choice(("confirmed", "confirmed", "unconfirmed", "draft", "cancelled", "expired"))
    total = Decimal(0)
    for place, (_, name, price, _) in enumerate(random.sample(words.PRODUCTS, random.randint(1, 3)), 1):
        quantity = random.randint(1, 5)
        total += quantity * price
        sheets.lines.append((order, place, name, Decimal(quantity), Decimal(price), when))
    address = f"{person.city}, ул. {random.choice(words.STREETS)}, {random.randint(1, 90)}"
    delivery = orjson.dumps({"address": address, "at": None, "method": "courier", "price": 300}).decode()
    payment = orjson.dumps({"method": "card", "state": "paid" if state == "confirmed" else "waiting"}).decode()
    number = f"{2400 + len(sheets.orders)}"
    sheets.orders.append((order, number, person.id, "phone", state, total, delivery, payment, when, when))


def _moment(random: Random, at: datetime) -> datetime:
    """A working hour of the ninety days before `at`, more often a late one."""
    day = at.astimezone(ZoneInfo("Europe/Moscow")) - timedelta(days=int(90 * random.random() ** 2))
    moment = day.replace(hour=random.randint(9, 19), minute=random.randint(0, 59), second=random.randint(0, 59))
    return (moment if moment < at else moment - timedelta(days=1)).astimezone(at.tzinfo)


_CLIENT = """
id kind name company emails responsible team_id language time_zone fields name_key search_key created_at updated_at
"""
_CALL = """
id pbx linkedid direction caller_number caller_name caller_extension caller_endpoint dialed outside_number queue queues
client_id started_at answered_at ended_at ring_seconds wait_seconds talk_seconds outcome answered_by owner extensions
ended_by disposition note
"""
_COPIES = (
    ("client", "clients", _CLIENT),
    ("client_number", "numbers", "number client_id typed kind position created_at"),
    ("call", "calls", _CALL),
    ("call_leg", "legs", "call_id position extension endpoint number rang_at answered_at ended_at result"),
    ("history_entry", "entries", "id at kind client_id author text detail"),
    ("orders", "orders", "id number client_id channel state total delivery payment created_at updated_at"),
    ("order_line", "lines", "order_id position product quantity price at"),
    ("task", "tasks", "id client_id title due_at assignee created_at"),
)


async def _load(connection: Connection, sheets: Sheets) -> None:
    for table, sheet, columns in _COPIES:
        await connection.copy_records_to_table(table, records=getattr(sheets, sheet), columns=columns.split())
    for table, _, _ in _COPIES:
        await connection.execute(f"analyze {table}")
