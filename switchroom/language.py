"""What people read, in their language: texts by gettext, dates and numbers by Babel, in the reader's zone.

The source language is English. Every room keeps its Russian in `<room>/locales/ru.po`; the catalogues are
compiled in memory and merged at the first use, so that nothing has to be built or committed twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from config.zones import zone_called

LANGUAGES = ("ru", "en")
ROOMS = ("switchroom", "crm_store", "telephony", "screenpop", "sms", "fax", "scripts")
HOUSE = Path(__file__).parent.parent
NARROW_SPACE = "\u202f"
NO_BREAK = "\u00a0"


def catalogue_of(room: str, language: str) -> Path:
    """Where `room` keeps its translation into `language`; the file need not exist."""
    return HOUSE / room / "locales" / f"{language}.po"


@cache
def translator(language: str) -> NullTranslations:
    """Every room's texts in `language`: `.gettext(message)`, `.ngettext(one, many, count)`."""
    merged = NullTranslations()
    for path in (catalogue_of(room, language) for room in ROOMS):
        if not path.is_file():
            continue
        compiled = BytesIO()
        with path.open("rb") as source:
            write_mo(compiled, read_po(source, locale=language))
        compiled.seek(0)
        texts = Translations(compiled)
        merged = merged.merge(texts) if isinstance(merged, Translations) else texts
    return merged


def best_language(asked: str | None, default: str) -> str:
    """The first of our languages in an `Accept-Language` header, else `default`."""
    for part in (asked or "").split(","):
        language = part.split(";")[0].strip()[:2].lower()
        if language in LANGUAGES:
            return language
    return default


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: a language and a time zone. Turns facts into what this person expects to see."""

    language: str
    zone: str = "UTC"

    def text(self, message: str) -> str:
        """`message` in the reader's language; English where nobody has translated it."""
        return translator(self.language).gettext(message) if message else ""

    def plural(self, one: str, many: str, count: int) -> str:
        """The form of the message that goes with `count`."""
        return translator(self.language).ngettext(one, many, count)

    def moment(self, at: datetime | None, now: datetime | None = None) -> str:
        """`at` as "today 14:05", "yesterday 09:10", "12 Nov 14:05", or with the year when it is another one."""
        if at is None:
            return ""
        zone = self._place
        local, today = at.astimezone(zone), (now or datetime.now(UTC)).astimezone(zone)
        return f"{self._day(local, today)} {self._short(dates.format_time(local, 'HH:mm', locale=self._locale))}"

    def day(self, at: datetime | None, now: datetime | None = None) -> str:
        """The day of `at`, relative where that is shorter to understand."""
        if at is None:
            return ""
        zone = self._place
        return self._day(at.astimezone(zone), (now or datetime.now(UTC)).astimezone(zone))

    def clock(self, at: datetime | None) -> str:
        """The time of day of `at`: "14:05"."""
        return "" if at is None else f"{at.astimezone(self._place):%H:%M}"

    def number(self, value: float) -> str:
        """A number with the reader's separators."""
        return self._short(numbers.format_decimal(value, locale=self._locale))

    def money(self, value: float, currency: str = "RUB") -> str:
        """A sum with its currency."""
        return self._short(numbers.format_currency(value, currency, locale=self._locale))

    def _day(self, local: datetime, today: datetime) -> str:
        if local.date() == today.date():
            return self.text("today")
        if local.date() == (today - timedelta(days=1)).date():
            return self.text("yesterday")
        skeleton = "MMMd" if local.year == today.year else "yMMMd"
        return self._short(dates.format_skeleton(skeleton, local, locale=self._locale))

    @property
    def _place(self) -> tzinfo:
        """UTC where an old row holds what is no zone: a page in another zone is better than none."""
        return zone_called(self.zone) or UTC

    @property
    def _locale(self) -> Locale:
        return Locale.parse("en_GB" if self.language == "en" else self.language)

    def _short(self, text: str) -> str:
        """CLDR's narrow spaces are missing from many fonts: an ordinary no-break space looks the same."""
        return text.replace(NARROW_SPACE, NO_BREAK)


def duration(seconds: float | None) -> str:
    """Seconds as people read them on a phone: "0:42", "12:07", "1:02:03"."""
    minutes, rest = divmod(round(seconds or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
