"""Why the gateway refuses."""

from servicekit.problems import ProblemType, Refusal, RefusalTable


class UnknownPath(Refusal):
    def __init__(self) -> None:
        super().__init__("There is nothing at this path.")


class UpgradeRequired(Refusal):
    def __init__(self) -> None:
        super().__init__("This path is a WebSocket.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Upgrade": "websocket", "Connection": "Upgrade"}


class CrossOrigin(Refusal):
    def __init__(self) -> None:
        super().__init__("A request that carries the cookie must come from this site's own pages.")


class TooManyRequests(Refusal):
    def __init__(self, what: str, retry_after_s: int) -> None:
        super().__init__(f"Too many {what}s; try again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after_s)}


class TooManyConnections(Refusal):
    def __init__(self, connections_max: int) -> None:
        super().__init__(f"There are {connections_max} open connections from this address already.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class NoFilesLeft(Refusal):
    """The gateway itself can open no further connection."""

    def __init__(self) -> None:
        super().__init__("The gateway has more connections than it can open.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class ServiceAway(Refusal):
    """No connection can be had."""

    def __init__(self, service: str) -> None:
        super().__init__(f"The {service} service does not answer.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class ServiceBroken(Refusal):
    """It ended the connection in the middle, or answered what is not HTTP."""

    def __init__(self, service: str) -> None:
        super().__init__(f"The {service} service broke off.")


class ServiceTooSlow(Refusal):
    def __init__(self, service: str) -> None:
        super().__init__(f"The {service} service took too long.")


class NotAllowed(Refusal):
    def __init__(self) -> None:
        super().__init__("Your role does not allow this.")


REFUSALS: RefusalTable = {
    UnknownPath: ProblemType(404, "not_found"),
    UpgradeRequired: ProblemType(426, "upgrade_required"),
    CrossOrigin: ProblemType(403, "cross_origin"),
    TooManyRequests: ProblemType(429, "too_many_requests"),
    TooManyConnections: ProblemType(429, "too_many_connections"),
    NoFilesLeft: ProblemType(503, "no_files_left"),
    ServiceAway: ProblemType(503, "service_unavailable"),
    ServiceBroken: ProblemType(502, "bad_gateway"),
    ServiceTooSlow: ProblemType(504, "gateway_timeout"),
    NotAllowed: ProblemType(403, "not_allowed"),
}
