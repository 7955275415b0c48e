"""A recording: what an audio or video file is, and how it becomes clean."""

from collections.abc import Iterable

import msgspec

from media_service.domain.recordings.revision import Part, Revision

DURATION_S_MAX = 7 * 24 * 3600  # who claims more is not believed
SIDE_MAX = 16_384


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    content_type: str
    has_video: bool
    plan: tuple[Part, ...]
    removed: tuple[str, ...]
    cleaned: bool
    width: int | None  # pixels, as shown
    height: int | None
    duration_s: float | None


def recording(
    revision: Revision,
    content_type: str,
    *,
    has_video: bool = False,
    size: tuple[float, float] = (0, 0),
    duration_s: float | None = None,
) -> Recording:
    """What `revision` makes of its source; what is absurd of size and duration is not told. Raises Broken."""
    width, height = (round(side) for side in size)
    is_size = has_video and 0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX
    return Recording(
        content_type=content_type,
        has_video=has_video,
        plan=revision.plan(),
        removed=revision.removed,
        cleaned=revision.is_clean,
        width=width if is_size else None,
        height=height if is_size else None,
        duration_s=round(duration_s, 3) if duration_s is not None and 0 < duration_s <= DURATION_S_MAX else None,
    )


def longest(durations_s: Iterable[float]) -> float | None:
    return max(durations_s, default=None)
