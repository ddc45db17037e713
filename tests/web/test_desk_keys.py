"""The keys of the desk as the account page takes them: what may be one, and what is said of the others."""

import pytest

from crm_store.database import Database
from switchroom.desk_keys import ACTIONS, SETS, free, readable, written, wrong_keys
from tests.web.house import open_house

CHOICES = {"language": "en", "time_zone": "Europe/Moscow", "pop": "ring", "digits": "1"}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("f10", "F10"),
        ("Alt+KeyX", "Alt+KeyX"),
        (" shift + alt + x", "Alt+Shift+KeyX"),
        ("ctrl+3", "Ctrl+Digit3"),
        ("Ctrl+Space", "Ctrl+Space"),
        ("F77", ""),
        ("hyper+x", ""),
        ("alt+alt+x", ""),
        ("+", ""),
        ("<b>", ""),
    ],
)
def test_a_key_is_understood_as_people_write_it(typed: str, key: str) -> None:
    assert written(typed) == key


def test_both_sets_hold_their_own_rules() -> None:
    for name, keys in SETS.items():
        assert list(keys) == list(ACTIONS)
        assert wrong_keys(name, keys) == {}
        assert {written(readable(key)) for key in keys.values()} == set(keys.values())


@pytest.mark.parametrize("key", ["F5", "Ctrl+KeyW", "KeyA", "Digit1", "Alt+Digit1", "Shift+KeyA", "Enter", "Alt+F4"])
def test_what_the_browser_or_typing_needs_is_not_free(key: str) -> None:
    assert not free(key)


async def test_wrong_keys_are_named_beside_their_fields_and_nothing_is_kept(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        anna = await house.user("anna")
        await browser.log_in("anna")
        own = {"key_answer": "F5", "key_mute": "F9", "key_hold": "shift", "key_state": "alt+x"}
        page = await browser.post("/account", **CHOICES, set="desk", **own)
        assert page.status == 422
        for words in ("F5 нужна браузеру", "F9 уже занята", "Такой клавиши нет"):
            assert words in page.words
        for typed in own.values():
            assert f'value="{typed}"' in page.text
        assert (await house.store.users.settings(anna.scope))["keys"] == {}


async def test_what_equals_the_chosen_set_is_no_key_of_ones_own(database: Database) -> None:
    async with open_house(database) as house, house.browser() as browser:
        anna = await house.user("anna")
        await browser.log_in("anna")
        await browser.post("/account", **CHOICES, set="laptop", key_hangup="alt+x", key_answer="F9")
        keys = (await house.store.users.settings(anna.scope))["keys"]
        assert keys == {"set": "laptop", "own": {"answer": "F9"}, "digits": True}
