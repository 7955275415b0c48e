"""Colours of code: which classes its parts have. The one home of Pygments."""

from collections.abc import Iterator
from itertools import groupby

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Operator, _TokenType

from chat_service.domain.markdown.c_lexer import CLexer
from chat_service.domain.markdown.plain_text import escape

# Many an expression of a lexer takes time with the square of what it looks at: a tenth of a second for as much as this.
CODE_LENGTH_MAX = 2_000
# The languages that are coloured, by what people call them. Each has been tried with what is hard for its expressions.
_LANGUAGES = """
bash css diff docker dockerfile go golang haskell html ini javascript js json jsx kotlin lua php py python rb ruby rs
rust sh shell sql swift toml ts tsx typescript xml yaml yml
"""
_LIKE_C = frozenset({"c", "c++", "cpp", "cs", "csharp", "java"})
LANGUAGES = _LIKE_C | frozenset(_LANGUAGES.split())
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
    """As HTML, its parts in spans of few classes; None where it is too long, or its language has no colours."""
    language = language.lower()
    if language not in LANGUAGES or len(code) > CODE_LENGTH_MAX:
        return None
    options = {"stripnl": False, "ensurenl": False}
    lexer = CLexer(**options) if language in _LIKE_C else get_lexer_by_name(language, **options)
    parts = groupby(_parts(lexer, code), key=lambda part: part[0])
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
