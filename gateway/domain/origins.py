"""Origins: whether a browser's request that carries our cookie was made by our own page (Fetch Metadata, RFC 6454)."""

from collections.abc import Collection

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_same_origin(
    *, site: str | None, origin: str | None, scheme: str, host: str | None, allowed_origins: Collection[str] = ()
) -> bool:
    """From `Sec-Fetch-Site`, else `Origin` against the scheme and the `Host` that the browser sees.

    A request with neither comes from a program, not a page: no browser sends an unsafe one without `Origin`.
    """
    if origin is not None and origin in allowed_origins:
        return True
    if site is not None:
        return site in {"same-origin", "none"}
    if origin is None:
        return True
    return bool(host) and _normal(origin) == _normal(f"{scheme}://{host}")


def _normal(origin: str) -> str:
    """Without the port that goes without saying (RFC 6454 §6.2)."""
    scheme, _, host = origin.lower().partition("://")
    return f"{scheme}://{host.removesuffix(_DEFAULT_PORTS.get(scheme, ':'))}"
