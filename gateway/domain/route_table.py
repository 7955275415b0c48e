"""The route table: the one place that says which path goes to which service, and who may pass."""

import re
from enum import Enum, StrEnum

import msgspec


class Service(StrEnum):
    AUTH = "auth"
    CHAT = "chat"
    MEDIA = "media"
    VIDEO = "video"


class Access(Enum):
    ANYONE = "anyone"
    USER = "user"


class Rate(Enum):
    """What a request counts against: a POST by what its body says, whatever proves a PASSWORD by who asks, and whatever
    has a secret LINK in its path by where it comes from.
    """

    SIGN_IN = "sign-in"
    SIGN_IN_BY_FORM = "sign-in by form"
    REGISTRATION = "registration"
    PASSWORD = "password"
    LINK = "link"


class Route(msgspec.Struct, frozen=True):
    """`path` is a whole path, or ends in "/" and stands for all below it: "/<first>/<second>/".

    `open_methods` are those that anyone may use where the others are a user's.
    """

    path: str
    service: Service
    access: Access = Access.USER
    rate: Rate | None = None
    takes_files: bool = False  # so that a body may take as long as an upload
    open_methods: tuple[str, ...] = ()

    def needs_token(self, method: str) -> bool:
        return self.access is Access.USER and method not in self.open_methods and method != "OPTIONS"

    def rate_of(self, method: str) -> Rate | None:
        """What a request of that method counts against, if anything."""
        counted = method != "OPTIONS" if self.rate in {Rate.PASSWORD, Rate.LINK} else method == "POST"
        return self.rate if counted else None


ANYONE, USER = Access.ANYONE, Access.USER
READING = ("GET", "HEAD")

# Nothing below /internal/ is here, and nothing that is not here is forwarded.
ROUTES = (
    Route("/register", Service.AUTH, ANYONE, Rate.REGISTRATION),
    Route("/api/register", Service.AUTH, ANYONE, Rate.REGISTRATION),
    Route("/api/login", Service.AUTH, ANYONE, Rate.SIGN_IN_BY_FORM),
    Route("/api/user/login", Service.AUTH, ANYONE, Rate.SIGN_IN),
    Route("/.well-known/jwks.json", Service.AUTH, ANYONE),
    Route("/api/search-user/", Service.AUTH, ANYONE),
    Route("/api/refresh", Service.AUTH),
    Route("/api/logout", Service.AUTH),
    Route("/api/sessions", Service.AUTH),
    Route("/api/sessions/", Service.AUTH),
    Route("/api/change-password", Service.AUTH, USER, Rate.PASSWORD),
    Route("/api/change-email", Service.AUTH, USER, Rate.PASSWORD),
    Route("/api/account", Service.AUTH, USER, Rate.PASSWORD),
    Route("/api/instance", Service.AUTH, ANYONE),
    Route("/api/claim/", Service.AUTH, USER, Rate.LINK, open_methods=READING),
    Route("/api/reset/", Service.AUTH, ANYONE, Rate.LINK),
    Route("/api/invitations", Service.AUTH),
    Route("/api/invitations/", Service.AUTH, USER, Rate.LINK, open_methods=READING),
    Route("/api/admin/", Service.AUTH),
    Route("/api/users", Service.AUTH),
    Route("/api/people", Service.AUTH),
    Route("/api/profiles", Service.AUTH),
    Route("/api/user-profile", Service.AUTH),
    Route("/api/update-nickname", Service.AUTH),
    Route("/api/update-avatar", Service.AUTH),
    Route("/api/update-status", Service.AUTH),
    Route("/api/saved-chats", Service.CHAT),
    Route("/api/save-chat", Service.CHAT),
    Route("/api/messages/", Service.CHAT),
    Route("/api/rooms", Service.CHAT),
    Route("/api/rooms/", Service.CHAT),
    Route("/api/search-messages", Service.CHAT),
    Route("/api/conversations/", Service.CHAT),
    Route("/api/mentions", Service.CHAT),
    Route("/api/quiet-hours", Service.CHAT),
    Route("/api/blocks", Service.CHAT),
    Route("/api/blocks/", Service.CHAT),
    Route("/api/reports", Service.CHAT),
    Route("/api/admin/reports", Service.CHAT),
    Route("/api/user/upload-files", Service.MEDIA, takes_files=True),
    Route("/api/uploads", Service.MEDIA),
    Route("/api/uploads/", Service.MEDIA, takes_files=True),
    Route("/api/files", Service.MEDIA),
    Route("/api/files/", Service.MEDIA),
    Route("/api/avatars/", Service.MEDIA),
    Route("/api/card-pictures/", Service.MEDIA),
    Route("/api/video/", Service.VIDEO),
)
WEBSOCKET_ROUTES = (
    Route("/ws", Service.CHAT),
    Route("/ws/", Service.CHAT),
    Route("/api/ws/chat", Service.CHAT),
    Route("/api/ws/video", Service.VIDEO),
    Route("/api/ws/video/", Service.VIDEO),
)
TOKEN_IN_PATH = "/ws/"
OWN = frozenset({"/api/admin/status"})  # answered by the gateway itself, among paths that are a service's

_DOT_SEGMENT = re.compile(r"[/\\]\.{1,2}(?:[/\\]|$)")
_by_path = {route.path: route for route in ROUTES}
_websocket_by_path = {route.path: route for route in WEBSOCKET_ROUTES}


def find(path: str) -> Route | None:
    """The route of an HTTP request's decoded path, if it is to be forwarded."""
    return _by_path.get(path) or (None if path in OWN or _has_dot_segment(path) else _by_path.get(_first_two(path)))


def find_own(encoded_path: str) -> Route:
    """The route of a path that the gateway itself made, each part of it percent-encoded. Raises LookupError."""
    return _by_path.get(encoded_path) or _by_path[_first_two(encoded_path)]


def find_websocket(path: str) -> Route | None:
    """The route of a WebSocket handshake."""
    below = None if _has_dot_segment(path) else _websocket_by_path.get(path[: path.rfind("/") + 1])
    return _websocket_by_path.get(path) or below


def _has_dot_segment(path: str) -> bool:
    """Whether something behind us might take a part of `path` for "this folder" or "the one above" (RFC 3986 §3.3)."""
    return "." in path and _DOT_SEGMENT.search(path) is not None


def _first_two(path: str) -> str:
    """Of "/api/messages/ada/7" it is "/api/messages/"; all of a path that has no third slash."""
    second = path.find("/", 1)
    return path[: path.find("/", second + 1) + 1] if second > 0 else path
