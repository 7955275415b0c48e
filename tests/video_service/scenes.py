"""Pictures to send: a scene that moves, and a face that is drawn so that the cascade knows it."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

BLUE, GREEN, RED = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def ground(width: int = 640, height: int = 480) -> Image:
    """Soft and colourful, as a room out of focus."""
    rough = np.random.default_rng(7).integers(60, 200, (height // 40, width // 40, 3), dtype=np.uint8)
    return cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)  # type: ignore[return-value]


def moving(number: int, width: int = 640, height: int = 480) -> Image:
    """The room as a camera sees it that queue, and a red ball that flies through it."""
    frame = np.roll(ground(width, height), number * width // 10, axis=1)
    cv2.circle(frame, (number * width // 6 % width, height // 2), height // 6, RED, -1)
    cv2.putText(frame, str(number), (8, height - 8), cv2.FONT_HERSHEY_PLAIN, 2, BLUE, 2)  # no two are the same
    return frame


def with_face(*, at: tuple[int, int] = (320, 240), size: int = 200, width: int = 640, height: int = 480) -> Image:
    """A head with its middle `at`, so many pixels wide: what the cascade looks for is where light and shade are."""
    frame = np.full((height, width, 3), 120, np.uint8)
    (x, y), unit = at, size / 200
    skin, light, shade, dark = (150, 180, 215), (170, 200, 235), (67, 81, 97), (35, 40, 55)

    def ellipse(dx: float, dy: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        centre = (round(x + dx * unit), round(y + dy * unit))
        cv2.ellipse(frame, centre, (round(rx * unit), round(ry * unit)), 0, 0, 360, colour, -1)

    ellipse(0, 0, 92, 125, dark)  # hair
    ellipse(0, 15, 84, 108, skin)
    for side in (-1, 1):
        ellipse(side * 36, -20, 26, 14, shade)  # the hollow of the eye
        ellipse(side * 36, -36, 26, 6, dark)  # the brow
        ellipse(side * 36, -18, 14, 8, dark)
        ellipse(side * 12, 38, 8, 5, shade)  # a nostril
        ellipse(side * 45, 40, 18, 16, light)  # a cheek
    ellipse(0, 15, 9, 28, light)  # the nose
    ellipse(0, 72, 34, 10, (70, 70, 140))  # the mouth
    ellipse(0, 96, 40, 8, shade)
    return cv2.GaussianBlur(frame, (0, 0), 3 * unit)  # type: ignore[return-value]


def jpeg(image: Image, quality: int = 95) -> bytes:
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def png(image: Image) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def webp(image: Image, quality: int = 95) -> bytes:
    """`quality` above 100 is lossless."""
    return cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def decoded(image: bytes) -> Image:
    """Of shape (height, width, 3), BGR."""
    found = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
    assert found is not None, "not a picture"
    return found  # type: ignore[return-value]


def distance(one: Image, other: Image) -> float:
    """The mean difference of two pictures' pixels, 0 to 255."""
    assert one.shape == other.shape
    return float(np.mean(cv2.absdiff(one, other)))


STILL = jpeg(ground())


def plain(colour: tuple[int, int, int]) -> bytes:
    image = ground(320, 240)
    image[:] = colour
    return jpeg(image)


def is_colour(image: Image, colour: tuple[int, int, int]) -> bool:
    return bool(abs(image.mean(axis=(0, 1)) - colour).max() < 20)


def huge_png(width: int = 20_000, height: int = 20_000) -> bytes:
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + size + b"\x08\x02\0\0\0"
