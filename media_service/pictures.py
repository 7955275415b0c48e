"""Pictures: cleaned, turned upright and made small, in as many threads as there are cores."""

import asyncio
import os
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import msgspec

from media_service.domain.cleaning import (
    CONVERTED,
    Broken,
    Cleaned,
    TooManyParts,
    clean,
    in_order,
    recognize,
    refused_picture,
)
from media_service.domain.files import Picture
from media_service.domain.refusals import BrokenPicture, NotAPicture, PictureTooLarge
from servicekit.logs import get_logger
from servicekit.problems import Unavailable

SCANS_MAX = 100
log = get_logger(__name__)


class Pictures:
    """Takes pictures as they come, `cores` at a time."""

    def __init__(self, *, pixels_max: int, picture_s_max: float) -> None:
        self._pixels_max = pixels_max
        self._picture_s_max = picture_s_max
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "pictures")
        self._unfinished = 0
        self._counting = Lock()

    async def take(self, filename: str, read: Callable[[], bytes]) -> Picture:
        """The picture in the bytes that `read` gives. Raises NotAPicture, PictureTooLarge, BrokenPicture, Unavailable.

        What else it raises is our fault, and not the picture's.
        """
        with self._counting:
            self._unfinished += 1
        work = self._threads.submit(self._take, filename, read)
        taken = asyncio.wrap_future(work)
        work.add_done_callback(self._finish)
        return await taken

    def close(self) -> None:
        self._threads.shutdown()

    def _finish(self, _: Future[Picture]) -> None:
        """The memory of pixels is kept from one picture to the next, and given back behind the last."""
        from media_service import picture_rendering  # noqa: PLC0415 - as below

        with self._counting:
            self._unfinished -= 1
            if not self._unfinished:
                picture_rendering.give_back()

    def _take(self, filename: str, read: Callable[[], bytes]) -> Picture:
        from media_service import picture_rendering  # noqa: PLC0415 - with the first picture Pillow is loaded, in here

        try:
            return self._rendered(filename, read)
        except picture_rendering.TooDear as error:
            raise PictureTooLarge(filename, str(error)) from None
        except TooManyParts as error:
            raise PictureTooLarge(filename, f"it has {error}, which are the most.") from None
        except Broken as error:
            log.info("picture refused", reason=repr(error.__cause__ or error))
            raise BrokenPicture(filename, f"it cannot be decoded: {error}.") from None
        except MemoryError:
            log.warning("no memory for a picture")
            raise Unavailable(f"{filename!r}: there is no memory for it now; try again later.") from None

    def _rendered(self, filename: str, read: Callable[[], bytes]) -> Picture:
        from media_service import picture_rendering  # noqa: PLC0415 - as above

        data = read()
        if (format_ := recognize(data)) is None:
            raise NotAPicture(filename, refused_picture(data))
        limits = picture_rendering.Limits(pixels_max=self._pixels_max, seconds_max=self._picture_s_max)
        told: AbstractSet[str] = frozenset()
        if format_ in CONVERTED:
            data, format_, told = picture_rendering.convert(data, format_, limits)
        cleaned = clean(data, format_)
        del data  # memory: as many of these as there are threads
        limits.check_size((cleaned.width, cleaned.height))
        _check_scans(filename, cleaned)
        picture = picture_rendering.render(cleaned, format_, limits)
        return msgspec.structs.replace(picture, removed=in_order({*picture.removed, *told}))


def _check_scans(filename: str, cleaned: Cleaned) -> None:
    """Each costs as much as the whole picture."""
    if cleaned.scans > SCANS_MAX:
        raise PictureTooLarge(filename, f"it is coded in {cleaned.scans} scans; {SCANS_MAX} are the most.")
