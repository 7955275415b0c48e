"""Why video refuses: each a fact, with the data that belongs to it."""

from servicekit.problems import Refusal


class VideoRefusal(Refusal):
    """Base of the tree."""


class InvalidCommand(VideoRefusal):
    """The message is JSON, but not a command."""


class InvalidBase64(VideoRefusal):
    def __init__(self) -> None:
        super().__init__("The image is not base64 (RFC 4648 §4 or §5), nor a data URL of it.")


class UnknownFormat(VideoRefusal):
    def __init__(self) -> None:
        super().__init__("The image is neither JPEG nor PNG nor WebP.")


class BrokenFrame(VideoRefusal):
    def __init__(self) -> None:
        super().__init__("The image cannot be decoded; it may be cut off.")


class FrameTooLarge(VideoRefusal):
    def __init__(self, width: int, height: int, pixels_max: int) -> None:
        super().__init__(f"The image has {width} x {height} pixels; {pixels_max} are the most.")


class MessageTooLarge(VideoRefusal):
    def __init__(self, bytes_max: int) -> None:
        super().__init__(f"The message is over {bytes_max} bytes.")


class TooManyFrames(VideoRefusal):
    def __init__(self, per_second_max: int) -> None:
        super().__init__(f"More than {per_second_max} frames a second; some are skipped.")


class StreamTaken(VideoRefusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"Somebody else's stream is called {name!r}, or it is live already.")


class CallEnded(VideoRefusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"The call has ended, and the stream {name!r} with it; publish it again to go on.")


class UnknownAudience(VideoRefusal):
    """There is no such conversation, or the publisher is not in it: who is not told which cannot guess."""

    def __init__(self, audience: str) -> None:
        super().__init__(f"There is no conversation {audience!r} for you.")


class TooManyStreams(VideoRefusal):
    def __init__(self, streams_max: int) -> None:
        super().__init__(f"{streams_max} streams are live already.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class UnknownStream(VideoRefusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no stream {name[:64]!r} now.")


class NoPictureYet(VideoRefusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"The stream {name!r} has not shown a picture yet.")


class TooManyWatchers(VideoRefusal):
    def __init__(self, watchers_max: int) -> None:
        super().__init__(f"{watchers_max} watch this stream already.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class TooManyConnections(VideoRefusal):
    def __init__(self, connections_max: int) -> None:
        super().__init__(f"{connections_max} connections are open already, or too many were opened just now.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}
