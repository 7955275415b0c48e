"""HEIF, as phones write it: read, never written. The one home of pi_heif, which comes with the first such file."""

from collections.abc import Set as AbstractSet

import pi_heif
from PIL import Image

pi_heif.options.DECODE_THREADS = 1  # there are as many threads of ours as cores, and each counts its own time


class HeifPicture:
    """The main picture of a file, upright as the file's own transformations say.

    The orientation in its EXIF is for those who look nowhere else (ISO 23008-12 §6.5.10).
    """

    def __init__(self, file: pi_heif.HeifFile) -> None:
        self._picture = file[file.primary_index]
        self._is_alone = len(file) == 1

    @property
    def size(self) -> tuple[int, int]:
        """As the header says, before anything is decoded."""
        width, height = self._picture.size
        return width, height

    @property
    def names(self) -> AbstractSet[str]:
        """What lies beside the picture, but for EXIF and XMP: of REMOVABLE."""
        info = self._picture.info
        names = {"thumbnail"} if info["thumbnails"] else set()
        return names | ({"other"} if info["depth_images"] or info.get("aux") or not self._is_alone else set())

    def image(self) -> Image.Image:
        """Decoded, with EXIF and XMP in its `info`."""
        image: Image.Image = self._picture.to_pillow()
        return image


def read(data: bytes) -> HeifPicture:
    """Raises whatever libheif does."""
    return HeifPicture(pi_heif.open_heif(data))
