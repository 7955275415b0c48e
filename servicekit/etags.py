"""Entity tags: whether a client has already what it asks for (RFC 9110 §13.1.2)."""


def is_known(if_none_match: str, etag: str) -> bool:
    """The weak comparison of `etag` with a list, or with anything (`*`)."""
    named = {one.strip().removeprefix("W/") for one in if_none_match.split(",")}
    return etag in named or "*" in named
