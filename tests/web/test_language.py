"""Texts, dates and numbers in the reader's language."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from switchroom.catalogue import contradicting, untranslated
from switchroom.language import Reader, best_language, duration

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MOSCOW = Reader("ru", "Europe/Moscow")


def test_every_text_people_read_has_a_russian_translation() -> None:
    assert untranslated("ru") == []


def test_a_text_two_rooms_translate_differently_is_reported(tmp_path: Path) -> None:
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    rooms = []
    for room, agent in (("desk", "Оператор"), ("house", "Агент"), ("phones", "Оператор")):
        rooms.append(tmp_path / f"{room}.po")
        rooms[-1].write_text(f'{head}msgid "Agent"\nmsgstr "{agent}"\n\nmsgid "Call"\nmsgstr "Звонок"\n')
    [told] = contradicting("ru", rooms)
    assert ("house.po" in told, "'Агент'" in told, "'Оператор'" in told) == (True, True, True)


@pytest.mark.parametrize(
    ("at", "russian", "english"),
    [
        (NOW - timedelta(minutes=55), "сегодня 14:05", "today 14:05"),
        (NOW - timedelta(days=1), "вчера 15:00", "yesterday 15:00"),
        (datetime(2026, 11, 12, 11, 5, tzinfo=UTC), "12 нояб. 14:05", "12 Nov 14:05"),
        (datetime(2025, 3, 1, 9, 0, tzinfo=UTC), "1 мар. 2025\u00a0г. 12:00", "1 Mar 2025 12:00"),
        (None, "", ""),
    ],
)
def test_a_moment_is_told_as_people_say_it_in_their_own_zone(at: datetime | None, russian: str, english: str) -> None:
    assert MOSCOW.moment(at, NOW) == russian
    assert Reader("en", "Europe/Moscow").moment(at, NOW) == english


def test_yesterday_is_the_readers_yesterday() -> None:
    late = datetime(2026, 11, 21, 20, 30, tzinfo=UTC)
    assert Reader("ru", "Asia/Vladivostok").moment(late, NOW) == "сегодня 06:30"
    assert MOSCOW.moment(late, NOW) == "вчера 23:30"


def test_who_has_a_zone_that_does_not_exist_reads_universal_time() -> None:
    lost = Reader("en", "Mars/Phobos")
    assert (lost.moment(NOW, NOW), lost.day(NOW, NOW), lost.clock(NOW)) == ("today 12:00", "today", "12:00")


def test_numbers_and_sums_are_written_the_readers_way() -> None:
    assert MOSCOW.number(1234567) == "1\u00a0234\u00a0567"
    assert MOSCOW.money(1500) == "1\u00a0500,00\u00a0₽"
    assert [duration(seconds) for seconds in (None, 42, 727, 3723)] == ["0:00", "0:42", "12:07", "1:02:03"]


@pytest.mark.parametrize(
    ("asked", "language"),
    [("en-GB,en;q=0.9", "en"), ("fr, ru;q=0.8", "ru"), ("de", "ru"), (None, "ru"), ("", "ru")],
)
def test_who_is_not_known_yet_reads_what_the_browser_prefers(asked: str | None, language: str) -> None:
    assert best_language(asked, "ru") == language
