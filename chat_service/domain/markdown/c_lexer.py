"""A lexer for C and its relatives: those of Pygments look for functions, and take seconds for some hundred blanks."""

import re

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, String, Text

_KEYWORDS = """
abstract as async auto await base bool boolean break byte case catch char class const constexpr continue decimal
default delegate delete do double else enum event explicit export extends extern false final finally float fixed for
foreach friend get goto if implements import in inline instanceof int interface internal is lock long mutable
namespace native new noexcept null nullptr object operator out override package params private protected public
readonly record ref register return sealed set short signed sizeof static string struct super switch synchronized
template this throw throws transient true try typedef typename uint ulong union unsigned using var virtual void
volatile while yield
"""


class CLexer(RegexLexer):  # type: ignore[misc]
    """C, C++, C# and Java, in time that grows with the code alone."""

    flags = re.MULTILINE
    tokens = {  # noqa: RUF012 - read by Pygments as it is
        "root": [
            (r"//[^\n]*", Comment),
            (r"/\*[\s\S]*?(?:\*/|\Z)", Comment),
            (r'"(?:\\.|[^"\\\n])*"?', String),
            (r"'(?:\\.|[^'\\\n])*'?", String),
            (r"#[ \t]*[a-z]+", Comment.Preproc),
            (r"@\w+", Name.Decorator),
            (r"\d[\w.]*", Number),
            (words(_KEYWORDS.split(), suffix=r"\b"), Keyword),
            (r"\w+(?=\()", Name.Function),
            (r"\w+|\s+|[^\w\s]", Text),
        ]
    }
