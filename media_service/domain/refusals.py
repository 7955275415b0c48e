"""Why the media service refuses: each a fact, with the data that belongs to it."""

from collections.abc import Mapping

from servicekit.problems import FieldError, Refusal


class MediaRefusal(Refusal):
    """Base of the tree."""


class NoFiles(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("The request holds no file.")


class NotMultipart(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("Files are sent as multipart/form-data (RFC 7578).")


class BrokenUpload(MediaRefusal):
    """The body is not the multipart that it says it is."""


class TooManyFiles(MediaRefusal):
    def __init__(self, files_max: int) -> None:
        super().__init__(f"{files_max} files in a request are the most.")


class QuotaExceeded(MediaRefusal):
    def __init__(self, used_bytes: int, quota_bytes: int) -> None:
        super().__init__(f"With these files you would keep {used_bytes:,} bytes; {quota_bytes:,} are the most.")


class TooManyFilesKept(MediaRefusal):
    def __init__(self, files_max: int) -> None:
        super().__init__(f"{files_max:,} files are the most that one person can keep.")


class FileRefusal(MediaRefusal):
    """One file of a request is the reason, and the detail names it; `errors` those of all that are refused."""

    def __init__(self, filename: str, reason: str) -> None:
        super().__init__(f"{filename!r}: {reason}")
        self.errors = (FieldError(filename, reason),)


class FileTooLarge(FileRefusal):
    def __init__(self, filename: str, bytes_max: int) -> None:
        super().__init__(filename, f"{bytes_max:,} bytes are the most.")


class PictureTooLarge(FileRefusal):
    """More pixels, frames or scans than are decoded here."""


class NotAPicture(FileRefusal):
    def __init__(self, filename: str, kind: str | None = None) -> None:
        """`kind` is that of a picture which is never kept."""
        taken = "JPEG, PNG, WebP, GIF, HEIC, AVIF or BMP"
        super().__init__(filename, f"this is {kind}, not {taken}." if kind else f"this is no {taken}.")


class BrokenPicture(FileRefusal):
    """The bytes begin as a picture does, but it cannot be shown."""


class CannotCheck(FileRefusal):
    """Whatever is wrong is wrong here."""

    def __init__(self, filename: str) -> None:
        super().__init__(filename, "The service failed at it several times; its log knows why.")


class BadMetadata(MediaRefusal):
    def __init__(self, reason: str) -> None:
        super().__init__(f"`Upload-Metadata`: {reason}.")


class BadUploadHeader(MediaRefusal):
    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` has to be a number of bytes.")


class WrongTusVersion(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("`Tus-Resumable: 1.0.0` is the version that is spoken here.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Tus-Version": "1.0.0"}


class NotAnOffsetStream(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("The parts of an upload are sent as application/offset+octet-stream.")


class WrongOffset(MediaRefusal):
    def __init__(self, received: int) -> None:
        super().__init__(f"{received:,} bytes of it are here.")
        self._received = received

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Upload-Offset": str(self._received)}


class UploadBusy(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("Another request is sending a part of it.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class TooManyUploads(MediaRefusal):
    def __init__(self, open_max: int) -> None:
        super().__init__(f"{open_max} unfinished uploads are the most that one person can have.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "60"}


class UnknownUpload(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("There is no such upload, or it has ended.")


class OwnerErased(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("The account has been erased meanwhile.")


class UnknownFile(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("There is no such file, or it is not for you.")


class UnknownAvatar(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("There is no such person, they show no picture, or it cannot be had now.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Cache-Control": "no-store"}  # it may be there in a moment


class UnknownCardPicture(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("There is no such picture, or nobody has looked at it for long.")


class AnotherVersion(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("`If-Match` names another version of the file.")


class RangeNotSatisfiable(MediaRefusal):
    def __init__(self, size: int) -> None:
        super().__init__(f"The file has {size} bytes.")
        self._size = size

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Content-Range": f"bytes */{self._size}"}


class ChatAway(MediaRefusal):
    def __init__(self) -> None:
        super().__init__("Who may see this file cannot be said now.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}
