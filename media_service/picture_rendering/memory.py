"""The memory of pixels, which Pillow takes in blocks of 16 MiB: from one picture to the next they are kept.

New memory from the system, filled with zeros page by page, took a sixth of the time of a picture of 12 megapixels.
"""

from PIL import _imaging

# 256 MiB: decoders of WebP and HEIF take memory of their own beside them. A picture of 12 megapixels takes three, three
# more when it is turned, and a few for what is made small.
BLOCKS_MAX = 16

_imaging.set_blocks_max(BLOCKS_MAX)


def give_back() -> None:
    """To the system, what is not in use at the moment."""
    _imaging.clear_cache()
