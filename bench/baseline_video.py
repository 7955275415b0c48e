"""The yardstick of video: a loop that decodes, changes and encodes the same frames, in threads, and nothing else.

    python -m bench.baseline_video <folder of JPEGs> <threads> <seconds>

Prints the frames a second. No network, no base64, no motion, no limits: what is left is OpenCV.
"""

import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

QUALITY = 70


def develop(jpeg: bytes) -> bytes:
    frame = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if frame is None:
        raise ValueError("not a picture")
    _, encoded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


def measure(jpegs: Sequence[bytes], threads: int, time_s: float) -> float:
    """Frames a second of so many threads, each through all of `jpegs` again and again."""
    counts = [0] * threads
    ends_s = time.perf_counter() + time_s

    def run(number: int) -> None:
        while time.perf_counter() < ends_s:
            develop(jpegs[counts[number] % len(jpegs)])
            counts[number] += 1

    started_s = time.perf_counter()
    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.perf_counter() - started_s)


def main() -> None:
    folder, threads, time_s = sys.argv[1:]
    cv2.setNumThreads(1)
    jpegs = [path.read_bytes() for path in sorted(Path(folder).glob("*.jpg"))]
    print(measure(jpegs, int(threads), float(time_s)))


if __name__ == "__main__":
    main()
