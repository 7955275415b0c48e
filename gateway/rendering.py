"""Rendering: templates and what they show become HTML. The one home of Jinja2."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from gateway.domain.api_types import Attachment, Message
from gateway.domain.calls import call_in, spoken
from gateway.domain.contract_page import Page as ContractPage
from gateway.domain.message_view import MessageView
from gateway.domain.page_limits import PageLimits
from gateway.domain.people import Person
from gateway.domain.previews import shortened
from gateway.markup_cache import MarkupCache

FOLDER = Path(__file__).parent / "templates"
COMPRESSED_BYTES_MIN = 1_000
_GZIP_LEVEL = 1  # a fifth larger than with 5, in a quarter of its time, which was a third of that of a page

NO_FILE = Attachment(id="", url="")


class TemplateLanguage(Protocol):
    """A language, as templates use it."""

    code: str
    translations: Any
    script_texts: dict[str, str]


class Files(Protocol):
    """Styles and scripts, as templates use them: `url` may be None, where there is no such file."""

    def url(self, name: str) -> str | None: ...


class Renderer:
    """One environment a language, so that a template's texts need not be looked up through the request.

    Everything put into a page is escaped, whatever the template is called.
    """

    def __init__(
        self,
        languages: Mapping[str, TemplateLanguage],
        files: Files,
        limits: PageLimits,
        *,
        messages: MarkupCache | None = None,
    ) -> None:
        self._environments = {
            code: _environment(language, languages, files, limits) for code, language in languages.items()
        }
        self._macros: dict[tuple[str, str], Any] = {}  # by language and name
        self._messages = messages or MarkupCache()

    def message(self, language: str, view: MessageView, form: object, reactions: Sequence[str]) -> str:
        """One message of a history.

        It is made from the view alone, and kept by it: the template sees no page around it. But where a tool is open,
        it also shows what was typed into its `form`, or the `reactions` to choose from.
        """
        if not view.tools:
            return self._kept_message(language, view, view.history_query)
        markup: str = self._article(language)(view, view.history_query, form, reactions)
        return markup

    def empty_message(self, language: str, history_query: str) -> str:
        """What scripts fill in."""
        return self._kept_message(language, None, history_query)

    def empty_files(self, language: str) -> str:
        """One file of each kind, for scripts to fill in."""
        key = msgspec.msgpack.encode((language, "files"))
        return self._messages.get_or_make(
            key, lambda: self._macro(language, "attachments.html", "empty_files")(NO_FILE)
        )

    def contract(self, language: str, etag: str, page: ContractPage) -> str:
        """What `/docs` shows of the contract that has this ETag; to make it takes as long as ten other pages."""
        key = msgspec.msgpack.encode((language, "contract", etag))
        return self._messages.get_or_make(
            key, lambda: self._macro(language, "contract-main.html", "contract_main")(page)
        )

    def _kept_message(self, language: str, view: MessageView | None, history_query: str) -> str:
        key = msgspec.msgpack.encode((language, view, history_query))
        return self._messages.get_or_make(key, lambda: self._article(language)(view, history_query))

    def _article(self, language: str) -> Any:
        return self._macro(language, "message.html", "article")

    def _macro(self, language: str, template: str, name: str) -> Any:
        """Of a module that is made once, without a context."""
        if (language, name) not in self._macros:
            module: Any = self._environments[language].get_template(template).module
            self._macros[language, name] = getattr(module, name)
        return self._macros[language, name]

    def render(self, template: str, language: str, context: Mapping[str, Any]) -> bytes:
        return self._environments[language].get_template(template).render(context).encode()


def compressed(body: bytes) -> bytes | None:
    """The page as gzip; None where that is not worth it."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0) if len(body) >= COMPRESSED_BYTES_MIN else None


class _LanguageEnvironment(Environment):
    """A text that stands in a template as it is gets translated as that is compiled, not each time it is shown."""

    def __init__(self, gettext: Callable[[str], str], **options: Any) -> None:
        super().__init__(**options)
        self._translation = _Translation(gettext)

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        return super()._generate(self._translation.visit(source), *args, **kwargs)


class _Translation(NodeTransformer):
    """Puts `_("text")` as it is in the language; with values in it, it depends on them."""

    def __init__(self, gettext: Callable[[str], str]) -> None:
        self._gettext = gettext

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the visitor's name for it
        match node:
            case nodes.Call(node=nodes.Name(name="_"), args=[nodes.Const(value=text)], kwargs=[]):
                return nodes.MarkSafe(nodes.Const(self._gettext(text) % {}))
        self.generic_visit(node)
        return node


def _environment(
    language: TemplateLanguage, languages: Mapping[str, TemplateLanguage], files: Files, limits: PageLimits
) -> Environment:
    environment = _LanguageEnvironment(
        language.translations.gettext,
        loader=FileSystemLoader(FOLDER),
        auto_reload=False,
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
        "Person": Person,
    }
    environment.filters |= {"shown": shown, "shortened": shortened, "spoken": spoken, "call": call_in}
    return environment


def shown(message: Message) -> Markup | str:
    """What a person wrote, as the chat service has rendered it; nothing else that comes from outside is markup."""
    return message.message if message.html is None else Markup(message.html)  # noqa: S704 - made from an allow-list
