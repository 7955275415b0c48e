"""Web pages of others, as bytes: how far the head goes, and what text it is.

An encoding is believed where it is named and known; Python knows more of them than the Web, and some are dear.
"""

import re
from collections.abc import Mapping

CHARSET_LOOKED_FOR_BYTES = 1024  # HTML, "determining the character encoding"
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_HEAD_END = re.compile(rb"</head\b|<body\b", re.IGNORECASE)
_HEAD_END_BYTES_MAX = 7
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ENCODINGS = (
    {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "cp1252", "ascii": "cp1252", "latin1": "cp1252"}
    | {"iso-8859-1": "cp1252", "iso8859-1": "cp1252", "iso-8859-9": "cp1254", "macintosh": "mac-roman"}
    | {"utf-16": "utf-16-le", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
    | {f"iso-8859-{number}": f"iso-8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)}
    | {f"windows-{number}": f"cp{number}" for number in (874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258)}
    | {"koi8-r": "koi8-r", "koi8-u": "koi8-u", "big5": "big5hkscs", "euc-kr": "cp949", "euc-jp": "euc-jp"}
    | {"shift_jis": "cp932", "shift-jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030"}
)


def is_html(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() in _HTML


class HeadReader:
    """Says when enough of one answer has come: nothing if it is no page, else its head. It looks at each byte once."""

    def __init__(self) -> None:
        self._looked_at = 0

    def is_enough(self, headers: Mapping[str, str], body: bytearray) -> bool:
        if not is_html(headers.get("content-type", "")):
            return True
        start = max(0, self._looked_at - _HEAD_END_BYTES_MAX)
        self._looked_at = len(body)
        return _HEAD_END.search(body, start) is not None


def text_of(body: bytes, content_type: str) -> str:
    """By its byte order mark, its `Content-Type` or its `<meta>`; else UTF-8, or what that was before."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    within = body[:CHARSET_LOOKED_FOR_BYTES].decode("latin-1")
    for told in (content_type, within):
        if (found := _CHARSET.search(told)) and (encoding := _ENCODINGS.get(found[1].lower(), "")):
            return body.decode(encoding, "replace")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        is_cut = error.end == len(body) and error.reason == "unexpected end of data"
        return body.decode("utf-8" if is_cut else "cp1252", "replace")
