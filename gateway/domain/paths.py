"""Paths: where a link of our own may lead."""

from urllib.parse import quote

_WITHOUT_NAME = frozenset({"api", "docs", "healthz", "metrics", "openapi.json", "readyz", "static", "ws"})
_WITH_CODE = frozenset({"claim", "invite", "reset", "sign-in", "sign-up"})
_WITH_FILES = frozenset({("chat", 2), ("rooms", 2), ("settings", 1)})


def is_page_with_files(path: str) -> bool:
    """Whether the forms on that page may hold files."""
    parts = path.strip("/").split("/")
    return (parts[0], len(parts)) in _WITH_FILES


def names_instance(path: str) -> bool:
    """Whether what is there is a page, which says of which instance it is."""
    return path.strip("/").split("/")[0] not in _WITHOUT_NAME


def takes_code(path: str) -> bool:
    """Whether a secret in the address of a page there is to be sent back by its own form."""
    return path.strip("/").split("/")[0] in _WITH_CODE


def own_path(path: str | None) -> str:
    """`path` if it leads to a page of this site, else "/": a link must not send anybody elsewhere after signing in."""
    if path and path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable():
        return path
    return "/"


def sign_in_path(path: str) -> str:
    """The sign-in page, which leads to `path` afterwards."""
    return "/sign-in" if path == "/" else f"/sign-in?next={quote(path, safe='/')}"


def shown_path(method: str, path: str, query: str) -> str:
    """Where what is shown now can be seen again: of a form that was refused, the page that it stands on."""
    if method in {"GET", "HEAD"}:
        return own_path(path + (f"?{query}" if query else ""))
    parts = path.strip("/").split("/")
    if parts[0] in {"chat", "rooms"} and len(parts) > 1:
        return own_path("/" + "/".join(parts[:2]))
    if parts[0] == "admin":
        return own_path("/" + "/".join(parts[: 3 if parts[1:2] == ["people"] else 2]))
    return f"/{parts[0]}" if parts[0] in {"invitations", "settings", "sign-in", "sign-up"} else "/"
