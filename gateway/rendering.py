"""Rendering: templates and what they show become HTML. The one home of Jinja2."""

import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway.domain.links import pieces
from gateway.domain.page_limits import PageLimits
from gateway.domain.people import Person

FOLDER = Path(__file__).parent / "templates"
COMPRESSED_BYTES_MIN = 1_000
_GZIP_LEVEL = 5
_LINK = Markup('<a href="{0}" rel="noopener noreferrer nofollow" target="_blank">{0}</a>')


class TemplateLanguage(Protocol):
    """A language, as templates use it."""

    code: str
    translations: Any
    script_texts: dict[str, str]


class Files(Protocol):
    """Styles and scripts, as templates use them: `url` may be None, where there is no such file."""

    def url(self, name: str) -> str | None: ...

    def urls_behind(self, name: str) -> Iterable[str]: ...


class Renderer:
    """One environment a language, so that a template's texts need not be looked up through the request.

    Everything put into a page is escaped, whatever the template is called.
    """

    def __init__(self, languages: Mapping[str, TemplateLanguage], files: Files, limits: PageLimits) -> None:
        self._environments = {
            code: _environment(language, languages, files, limits) for code, language in languages.items()
        }

    def render(self, template: str, language: str, context: Mapping[str, Any]) -> bytes:
        return self._environments[language].get_template(template).render(context).encode()


def compressed(body: bytes) -> bytes | None:
    """The page as gzip; None where that is not worth it."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0) if len(body) >= COMPRESSED_BYTES_MIN else None


def _environment(
    language: TemplateLanguage, languages: Mapping[str, TemplateLanguage], files: Files, limits: PageLimits
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    environment.install_gettext_translations(language.translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "language": language,
        "languages": languages,
        "limits": limits,
        "static": files.url,
        "static_behind": files.urls_behind,
        "Person": Person,
    }
    environment.filters["linked"] = linked
    return environment


def linked(text: str) -> Markup:
    """A text that a person wrote, with its http(s) addresses as links and nothing else as markup."""
    parts = (_LINK.format(piece.text) if piece.is_link else escape(piece.text) for piece in pieces(text))
    return Markup("").join(parts)
