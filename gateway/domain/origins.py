"""Origins: whether a browser's request that carries our cookie was made by our own page (Fetch Metadata, RFC 6454)."""

from collections.abc import Collection

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_same_origin(
    *, site: str | None, origin: str | None, host: str | None, allowed_origins: Collection[str] = ()
) -> bool:
    """From `Sec-Fetch-Site`, else `Origin` against `Host`.

    A request with neither comes from a program, not a page: no browser sends an unsafe one without `Origin`.
    """
    if origin is not None and origin in allowed_origins:
        return True
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is None:
        return True
    return bool(host) and origin.partition("://")[2] == host
