"""QR codes, as a camera sees them: read by OpenCV, which nobody here wrote."""

import re

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from auth_service import qr_codes

LINKS = [
    "http://127.0.0.1:8000/claim/0123456789abcdefghijkl",
    "https://chat.example.org/invite/A-Za-z0-9_A-Za-z0-9_xx",
]
PIXELS_A_MODULE = 8


def read(modules: NDArray[np.uint8]) -> str:
    """What a picture of these modules says; 0 is dark."""
    picture = np.kron(modules, np.ones((PIXELS_A_MODULE, PIXELS_A_MODULE), np.uint8))
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(picture)
    return str(text)


def modules_of_svg(drawn: str) -> NDArray[np.uint8]:
    """Its one path is of dark lines, half a unit above whose row they stand."""
    size = int(re.findall(r'viewBox="0 0 (\d+)', drawn)[0])
    modules = np.full((size, size), 255, np.uint8)
    (path,) = re.findall(r'class="qrline"[^>]* d="([^"]+)"', drawn)
    x = y = 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path):
        values = [float(one) for one in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            modules[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return modules


def modules_of_text(drawn: str) -> NDArray[np.uint8]:
    """Two rows in a line: what is lit of a character is light, on dark ground."""
    halves = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in drawn.splitlines() if line.strip()]
    rows = [[halves[character][half] for character in line] for line in lines for half in (0, 1)]
    return np.array(rows, np.uint8)


@pytest.mark.parametrize("link", LINKS)
def test_a_drawing_is_read_as_its_link(link: str) -> None:
    assert read(modules_of_svg(qr_codes.as_svg(link).decode())) == link


@pytest.mark.parametrize("link", LINKS)
def test_what_stands_on_a_terminal_is_read_as_its_link(link: str) -> None:
    assert read(modules_of_text(qr_codes.as_text(link))) == link
