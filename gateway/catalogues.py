"""Catalogues: the texts of the pages in each language. The one home of Babel.

Translations are kept as they are edited (`.po`) and compiled in memory at the start: there is no built file that could
be missing, or be older than its source.
"""

import gettext
from datetime import UTC, datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from gateway.domain.languages import SOURCE

FOLDER = Path(__file__).parent / "locales"
_KILOBYTE = 1_000
_VARIETIES = {"en": "en_001"}  # of all the world: the day before the month
_SIZE_UNITS = (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", _KILOBYTE))
_DOMAIN = "LC_MESSAGES/messages.po"


class Language:
    """One language: its words and how it writes a date. Times of day are UTC; scripts show the reader's zone."""

    def __init__(self, code: str, translations: gettext.NullTranslations, script_texts: dict[str, str]) -> None:
        self.code = code
        self.translations = translations
        self.script_texts = script_texts

    @cached_property
    def _locale(self) -> Locale:
        """Read with the first page in this language: 5 MiB, and 50 ms of the start."""
        return Locale.parse(_VARIETIES.get(self.code, self.code))

    @cached_property
    def name(self) -> str:
        return Locale.parse(self.code).get_display_name() or self.code

    def gettext(self, text: str, **values: object) -> str:
        translated = self.translations.gettext(text)
        return translated % values if values else translated

    def time(self, moment: datetime) -> str:
        return dates.format_time(moment, "HH:mm", locale=self._locale)

    def day(self, moment: datetime) -> str:
        return dates.format_date(moment, "full", locale=self._locale)

    def short(self, moment: datetime, now: datetime | None = None) -> str:
        """The time, if it was today; else the day."""
        if moment.astimezone(UTC).date() == (now or datetime.now(UTC)).date():
            return self.time(moment)
        return dates.format_skeleton("MMMd", moment, locale=self._locale)

    def full(self, moment: datetime) -> str:
        return f"{dates.format_date(moment, 'medium', locale=self._locale)}, {self.time(moment)} UTC"

    def size(self, size_bytes: int) -> str:
        """`3 kB`, `1.4 MB`, `2.1 GB`: as much as one wants to know before a download."""
        unit, one = next((pair for pair in _SIZE_UNITS if size_bytes >= 0.9995 * pair[1]), _SIZE_UNITS[-1])
        amount = size_bytes / one
        rounded = round(amount, 1 if amount < 100 and one > _KILOBYTE else None)
        shown = max(rounded, min(size_bytes, 1))  # only what is empty has nothing
        return f"{numbers.format_decimal(shown, locale=self._locale)}\N{NO-BREAK SPACE}{unit}"


def load(folder: Path = FOLDER) -> dict[str, Language]:
    """Every language by its code: English, which the code is written in, and those that have a catalogue."""
    found = {SOURCE: Language(SOURCE, gettext.NullTranslations(), {})}
    for path in sorted(folder.glob(f"*/{_DOMAIN}")):
        code = path.relative_to(folder).parts[0]
        found[code] = _compiled(code, path)
    return found


def _compiled(code: str, path: Path) -> Language:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    script_texts = {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and any(name.endswith(".js") for name, _ in message.locations)
    }
    return Language(code, gettext.GNUTranslations(compiled), script_texts)
