import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.phone import masked, shown, to_phone


@pytest.mark.parametrize(
    "typed",
    [
        "+7 921 123-45-67",
        "8 (921) 123-45-67",
        "89211234567",
        "9211234567",
        "79211234567",
        "8-921-123-45-67 ",
        "007 921 1234567",
    ],
)
def test_a_russian_number_is_the_same_in_every_spelling(typed: str) -> None:
    assert to_phone(typed, "RU") == "+79211234567"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+44 20 7946 0958", "+442079460958"),
        ("810442079460958", "+442079460958"),
        ("00442079460958", "+442079460958"),
        ("+1 (415) 555-2671", "+14155552671"),
    ],
)
def test_a_foreign_number_is_read_as_it_is_dialled_from_home(typed: str, number: str) -> None:
    assert to_phone(typed, "RU") == number


def test_a_short_local_number_is_read_with_the_area_code() -> None:
    assert to_phone("123-45-67", "RU", "495") == "+74951234567"
    assert to_phone("1234567", "RU") == "1234567"


@pytest.mark.parametrize("typed", [None, "", " ", "anonymous", "Anonymous", "unknown", "restricted"])
def test_a_withheld_number_is_none(typed: str | None) -> None:
    assert to_phone(typed, "RU") is None


@pytest.mark.parametrize(("typed", "kept"), [("101", "101"), ("*78", "*78"), ("112", "112"), ("sales", "sales")])
def test_what_is_no_valid_number_stays_as_dialled(typed: str, kept: str) -> None:
    assert to_phone(typed, "RU") == kept


@given(st.text(max_size=40))
def test_reading_never_fails_and_reading_twice_changes_nothing(typed: str) -> None:
    once = to_phone(typed, "RU")
    assert once is None or to_phone(once, "RU") in (once, None)


def test_numbers_are_shown_as_people_read_them_and_hidden_in_logs() -> None:
    assert shown("+79211234567") == "+7 921 123-45-67"
    assert shown("101") == "101"
    assert shown(None) == ""
    assert masked("+79211234567") == "+79…67"
