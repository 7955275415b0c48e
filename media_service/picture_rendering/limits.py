"""What decoding a picture may cost, and whose fault it is when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

from PIL import Image, PngImagePlugin

from media_service.domain.cleaning import PROFILE_BYTES_MAX, Broken

Image.MAX_IMAGE_PIXELS = None  # the limit is ours, a setting, and checked before Pillow sees the picture
PngImagePlugin.MAX_TEXT_CHUNK = PROFILE_BYTES_MAX  # it is that of profiles as well; texts are gone by then


class TooDear(Exception):
    """A picture that takes more time or memory to decode than is allowed; the text says what, and how much is."""


class Limits:
    """Memory goes by the pixels of one frame, of which two or three are in memory at a time.

    Time is the processor's, of the thread that made this: what else the machine does is not the picture's fault.
    """

    def __init__(self, *, pixels_max: int, seconds_max: float) -> None:
        self._pixels_max = pixels_max
        self._seconds_max = seconds_max
        self._deadline_s = thread_time() + seconds_max

    def check_size(self, size: tuple[int, int], what: str = "it") -> None:
        """Raises TooDear."""
        width, height = size
        if width * height > self._pixels_max:
            raise TooDear(f"{what} has {width} x {height} pixels; {self._pixels_max:,} are the most.")

    def check_time(self) -> None:
        """Raises TooDear."""
        if thread_time() > self._deadline_s:
            raise TooDear(f"to decode it takes more than {self._seconds_max:g} s; that is the most.")

    def check_frame(self, image: Image.Image) -> None:
        """Before it is painted: a GIF's frame may make its canvas larger. Raises TooDear."""
        self.check_size(image.size, "a frame of it")
        self.check_time()


@contextmanager
def decoding() -> Iterator[None]:
    """What a decoder raises, and that may be anything, is the file's fault, unless there is no memory."""
    try:
        yield
    except (MemoryError, Broken, TooDear):
        raise
    except Exception as error:
        raise Broken("its data is damaged") from error
