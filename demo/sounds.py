"""Sounds made from numbers, so that the demonstration has some to play."""

import io
import wave

import numpy as np

RATE = 16_000  # samples a second


def moth(seconds: float = 6.0) -> bytes:
    """Wings that flutter near and far, as a WAV of one channel."""
    time_s = np.arange(int(RATE * seconds)) / RATE
    near = 0.35 + 0.65 * np.abs(np.sin(2 * np.pi * time_s / 2.7)) ** 3
    wings = np.sign(np.sin(2 * np.pi * (34 + 6 * np.sin(time_s * 2.1)) * time_s))
    hum = np.sin(2 * np.pi * 210 * time_s) + 0.5 * np.sin(2 * np.pi * 420 * time_s)
    samples = 0.28 * near * (1 + wings) * hum
    recorded = io.BytesIO()
    with wave.open(recorded, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples.clip(-1, 1) * 32_767).astype("<i2").tobytes())
    return recorded.getvalue()
