"""Pictures: cleaned, turned upright and made small, in as many threads as there are cores."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

from media_service.domain.cleaning import Broken, Cleaned, clean, recognize
from media_service.domain.files import Picture
from media_service.domain.refusals import BrokenPicture, MediaRefusal, NotAPicture, PictureTooLarge
from servicekit.logs import get_logger

SCANS_MAX = 100
FRAMES_PIXELS_FACTOR = 4  # all frames of an animation together may have so many times the pixels of a still
log = get_logger(__name__)


class Pictures:
    """Takes pictures as they come, `cores` at a time."""

    def __init__(self, *, pixels_max: int, picture_s_max: float) -> None:
        self._pixels_max = pixels_max
        self._picture_s_max = picture_s_max
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, "pictures")

    async def take(self, filename: str, read: Callable[[], bytes]) -> Picture:
        """The picture in the bytes that `read` gives. Raises NotAPicture, PictureTooLarge or BrokenPicture."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._take, filename, read)

    def close(self) -> None:
        self._threads.shutdown()

    def _take(self, filename: str, read: Callable[[], bytes]) -> Picture:
        from media_service import picture_rendering  # noqa: PLC0415 - with the first picture Pillow is loaded, in here

        data = read()
        if (format_ := recognize(data)) is None:
            raise NotAPicture(filename)
        try:
            cleaned = clean(data, format_)
            del data  # memory: as many of these as there are threads
            self._check_size(filename, cleaned)
            limits = picture_rendering.Limits(pixels_max=self._pixels_max, deadline_s=monotonic() + self._picture_s_max)
            return picture_rendering.render(cleaned, format_, limits)
        except picture_rendering.TooDear as error:
            raise PictureTooLarge(filename, str(error)) from None
        except MediaRefusal:
            raise
        except Broken as error:
            raise BrokenPicture(filename, f"it cannot be decoded: {error}.") from None
        except Exception as error:  # noqa: BLE001 - Pillow's decoders raise whatever comes to them, and tell of our memory
            log.info("picture refused", reason=repr(error))
            raise BrokenPicture(filename, "it cannot be decoded.") from None

    def _check_size(self, filename: str, cleaned: Cleaned) -> None:
        """What decoding would cost, from what the headers claim."""
        pixels_max = self._pixels_max
        if cleaned.width * cleaned.height > pixels_max:
            size = f"{cleaned.width} x {cleaned.height}"
            raise PictureTooLarge(filename, f"it has {size} pixels; {pixels_max:,} are the most.")
        if cleaned.pixels > FRAMES_PIXELS_FACTOR * pixels_max:
            raise PictureTooLarge(filename, f"its {cleaned.frames} frames have too many pixels together.")
        if cleaned.scans > SCANS_MAX:
            raise PictureTooLarge(filename, f"it is coded in {cleaned.scans} scans; {SCANS_MAX} are the most.")
