"""The words of the pages: complete in every language, and none left over."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from gateway import catalogues
from gateway.domain.api_types import Problem
from gateway.domain.languages import SOURCE
from gateway.domain.refusals import TooManyRequests
from gateway.pages.error_messages import detail, in_short

GATEWAY = catalogues.FOLDER.parent
LANGUAGES = sorted(path.name for path in catalogues.FOLDER.iterdir())
METHODS = {".py": "python", ".html": "jinja2", ".js": "javascript"}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "gettext_noop": None, "t": None}


def catalogue(language: str) -> Catalog:
    with (catalogues.FOLDER / language / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=language)


def words() -> Iterator[tuple[str | tuple[str, ...], Path]]:
    """Every text that is marked for translation, and where."""
    for path in sorted(GATEWAY.rglob("*")):
        if path.suffix in METHODS:
            options = {"extensions": "jinja2.ext.i18n,jinja2.ext.do"}
            with path.open("rb") as file:
                for _, message, *_ in extract(METHODS[path.suffix], file, KEYWORDS, options=options):
                    yield message, path


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_is_translated_and_none_is_left_over(language: str) -> None:
    translated = {
        message.id if isinstance(message.id, str) else tuple(message.id)
        for message in catalogue(language)
        if message.id
    }
    assert translated == {message for message, _ in words()}
    for message in catalogue(language):
        strings = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
        assert (strings and all(strings)) or not message.id, message.id
        assert not message.fuzzy or not message.id, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_what_is_filled_in(language: str) -> None:
    def named(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)s", text))

    for message in catalogue(language):
        if isinstance(message.id, str):
            assert named(message.id) == named(str(message.string)), message.id
        else:
            assert {"%(num)s"} == named(str([*(message.string or "")][-1]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_scripts_get_their_words_and_no_others(language: str) -> None:
    wanted = {str(message) for message, path in words() if path.suffix == ".js"}
    assert catalogues.load()[language].script_texts.keys() == wanted


def test_english_needs_no_catalogue() -> None:
    english = catalogues.load()[SOURCE]
    assert english.gettext("Reply to %(name)s", name="Ada") == "Reply to Ada"
    assert english.script_texts == {}


@pytest.mark.parametrize("what", ["sign-in", "registration", "password attempt"])
def test_whatever_there_is_too_much_of_is_said_in_the_readers_words(what: str) -> None:
    told = detail(str(TooManyRequests(what, 7)), catalogues.load()["de"].gettext)
    assert told.startswith("Zu viele ")
    assert "7 s" in told


@pytest.mark.parametrize(
    "sentence, words",
    [
        ("Too many changes of your profile; try again in 7 s.", "Zu oft; versuche es in 7 s noch einmal."),
        ("More than 5 drafts a second; wait a moment.", "Zu oft. Warte eine Weile und versuche es dann noch einmal."),
    ],
)
def test_too_often_is_said_in_the_readers_words_whatever_it_was(sentence: str, words: str) -> None:
    problem = Problem(sentence, code="too_many_requests")
    assert in_short(problem, catalogues.load()["de"].gettext) == words


def test_today_is_told_by_the_time_and_another_day_with_the_day_first() -> None:
    languages, moment = catalogues.load(), datetime(2026, 11, 22, 9, 5, tzinfo=UTC)
    english, german = languages["en"], languages["de"]
    assert english.short(moment, now=moment + timedelta(hours=14)) == "09:05"
    assert english.short(moment, now=moment + timedelta(hours=15)) == "22 Nov"
    assert german.short(moment, now=moment + timedelta(days=1)) == "22. Nov."
    assert english.day(moment) == "Sunday, 22 November 2026"
    assert english.name == "English"
