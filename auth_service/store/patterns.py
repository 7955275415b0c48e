"""Patterns of LIKE."""

_ESCAPED = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})


def containing(part: str) -> str:
    r"""For `LIKE ? ESCAPE '\'`: the part itself, anywhere; nothing in it has a meaning."""
    return f"%{part.translate(_ESCAPED)}%"
