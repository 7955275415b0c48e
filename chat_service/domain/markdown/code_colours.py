"""Colours of code: which classes its parts have. The one home of Pygments."""

from collections.abc import Iterator
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator, _TokenType

from chat_service.domain.markdown.plain_text import escape

# The languages that are coloured, by what people call them: an expression that takes for ever over some text would take
# everybody's time, so that each of these has been tried.
_LANGUAGES = """
bash c c++ cpp cs csharp css diff docker dockerfile go golang haskell html ini java javascript js json jsx kotlin lua
make makefile php py python rb ruby rs rust sh shell sql swift toml ts tsx typescript xml yaml yml
"""
LANGUAGES = frozenset(_LANGUAGES.split())
_CLASSES = {
    Comment: "c",
    Keyword: "k",
    Operator.Word: "k",
    Literal.String: "s",
    Literal.Number: "m",
    Name.Builtin: "n",
    Name.Class: "n",
    Name.Decorator: "n",
    Name.Function: "n",
    Name.Tag: "n",
    Name.Attribute: "a",
    Generic.Deleted: "gd",
    Generic.Inserted: "gi",
    Generic.Heading: "c",
    Generic.Subheading: "c",
}


def coloured(code: str, language: str) -> str | None:
    """The code as HTML, its parts in spans of few classes; None in a language that has none."""
    if language.lower() not in LANGUAGES:
        return None
    parts = groupby(_parts(get_lexer_by_name(language, stripnl=False, ensurenl=False), code), key=lambda part: part[0])
    html = ((kind, escape("".join(text for _, text in same))) for kind, same in parts)
    return "".join(f'<span class="{kind}">{text}</span>' if kind else text for kind, text in html)


def _parts(lexer: Lexer, code: str) -> Iterator[tuple[str, str]]:
    for kind, text in lexer.get_tokens(code):
        yield _class_of(kind), text


def _class_of(kind: _TokenType | None) -> str:
    """That of the nearest kind above it which has one."""
    while kind is not None:
        if kind in _CLASSES:
            return _CLASSES[kind]
        kind = kind.parent
    return ""
