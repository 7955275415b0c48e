"""Pictures drawn from numbers: portraits, a landscape and a chart, so that the demonstration has some to show."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Canvas = NDArray[np.float64]  # height x width x 3, RGB, 0 to 255
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(pixels: Canvas) -> bytes:
    """The picture as PNG, 8 bits a channel, without filters (PNG, third edition, 11.2)."""
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + width * 3), np.uint8)
    lines[:, 1:] = pixels.clip(0, 255).astype(np.uint8).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hills(width: int = 960, height: int = 600, *, seed: int = 1) -> bytes:
    """Five ranges of hills before an evening sky."""
    sky = _vertical(width, height, (250, 214, 165), (244, 140, 110))
    _disc(sky, (width * 0.68, height * 0.38), height * 0.11, (255, 244, 214))
    random = np.random.default_rng(seed)
    across = np.linspace(0, 1, width)
    for layer in range(5):
        shade = np.array([72 - 12 * layer, 96 - 14 * layer, 112 - 12 * layer]) + (4 - layer) * np.array([26, 12, 6])
        waves = np.zeros(width)
        for wave in range(1, 6):
            waves += random.uniform(0.02, 0.06) / wave * np.sin(2 * np.pi * (across * wave * 1.3 + random.uniform()))
        edge = (0.46 + 0.11 * layer + waves) * height
        sky[np.arange(height)[:, None] > edge[None, :]] = shade
    return png(sky)


def portrait(back: tuple[int, int, int], skin: tuple[int, int, int], hair: tuple[int, int, int]) -> bytes:
    """A face of four discs, 256 pixels."""
    side = 256
    picture = _vertical(side, side, back, tuple(int(one * 0.8) for one in back))
    _disc(picture, (128, 262), 96, tuple(int(one * 0.45) for one in back))
    _disc(picture, (128, 112), 74, hair)
    _disc(picture, (128, 130), 58, skin)
    for x in (106, 150):
        _disc(picture, (x, 126), 6, (40, 36, 40))
    return png(picture)


def chart(width: int = 800, height: int = 480) -> bytes:
    """A curve that rises, as in a slide."""
    picture = _vertical(width, height, (252, 252, 250), (244, 246, 245))
    for line in range(1, 6):
        picture[height * line // 6 - 1 : height * line // 6, 60:-30] = (216, 221, 220)
    across = np.arange(60, width - 30)
    curve = height * (0.85 - 0.65 / (1 + np.exp(-(across - width / 2) / 70))) + 9 * np.sin(across / 17)
    rows = np.arange(height)[:, None]
    picture[:, 60 : width - 30][np.abs(rows - curve[None, :]) < 3.2] = (13, 118, 110)
    picture[:, 60 : width - 30][rows > curve[None, :] + 3.2] *= 0.35
    picture[:, 60 : width - 30][rows > curve[None, :] + 3.2] += np.array([148.0, 170.0, 166.0])
    return png(picture)


def _vertical(width: int, height: int, top: tuple[int, ...], bottom: tuple[int, ...]) -> Canvas:
    """From one colour to the other."""
    share = np.linspace(0, 1, height)[:, None, None]
    row = np.array(top, float) * (1 - share) + np.array(bottom, float) * share
    return np.repeat(row, width, axis=1)


def _disc(picture: Canvas, centre: tuple[float, float], radius: float, colour: tuple[int, ...]) -> None:
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - centre[0], rows - centre[1])
    share = (radius - distance + 0.5).clip(0, 1)[:, :, None]  # half a pixel of each, at the edge
    picture[:] = picture * (1 - share) + np.array(colour, float) * share


PORTRAITS: dict[str, Callable[[], bytes]] = {
    "ada": lambda: portrait((201, 122, 92), (246, 211, 184), (64, 40, 32)),
    "grace": lambda: portrait((72, 128, 164), (235, 196, 168), (200, 196, 190)),
    "margaret": lambda: portrait((126, 106, 168), (250, 222, 200), (120, 84, 52)),
}
