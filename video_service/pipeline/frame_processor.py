"""The frame processor: what one connection's frames go through, and what it remembers of those before."""

from collections.abc import Callable
from time import monotonic, perf_counter
from typing import NamedTuple

import cv2

from servicekit.logs import get_logger
from servicekit.problems import Refusal
from video_service.domain.commands import Form, Look, ParsedFrame, RawFrame, parse_frame
from video_service.domain.image_headers import Format, check_png_chunks, read_header
from video_service.domain.pictures import Caption, Face, Picture
from video_service.domain.refusals import BrokenFrame
from video_service.pipeline.decoding import Frame, decode, encode
from video_service.pipeline.faces import find_faces
from video_service.pipeline.motion import Motion
from video_service.pipeline.privacy import Privacy

_GRAY_EFFECTS = frozenset({"grayscale", "edges"})
_BLUR_SIZE = (21, 21)
_EDGES_FROM, _EDGES_SURELY_FROM = 80, 160  # the thresholds of Canny's hysteresis
_BOX_COLOUR, _BOX_PIXELS = (0, 255, 0), 2
log = get_logger(__name__)


class FrameJob(NamedTuple):
    """A frame that waits: as it came, how it is to look, and the number it has if it names none itself."""

    raw: RawFrame
    look: Look
    number: int


class FrameResult(NamedTuple):
    """What became of a job: a picture, or why there is none."""

    form: Form
    sequence: int
    picture: Picture | None
    refusal: Refusal | None


class FrameProcessor:
    """Belongs to one connection, and is used by one thread at a time."""

    def __init__(
        self,
        *,
        pixels_max: int,
        find_faces: Callable[[Frame], tuple[Face, ...]] = find_faces,
        encode: Callable[[Frame, int], bytes] = encode,
    ) -> None:
        self._pixels_max = pixels_max
        self._find_faces = find_faces
        self._encode = encode
        self._motion = Motion()
        self._privacy = Privacy()

    def process(self, job: FrameJob) -> FrameResult:
        """Process one frame; never raises."""
        started_s = perf_counter()
        form, sequence = job.raw.form, job.number
        try:
            parsed = parse_frame(job.raw)
            sequence = job.number if parsed.sequence is None else parsed.sequence
            picture = self._picture(parsed, job.look, sequence, started_s)
        except Refusal as refusal:
            return FrameResult(form, sequence, None, refusal)
        except Exception:  # it costs this frame, not its stream
            log.exception("a frame failed")
            return FrameResult(form, sequence, None, BrokenFrame())
        if form is not Form.BINARY:
            _ = picture.base64  # made here, beside the loop
        return FrameResult(form, sequence, picture, None)

    def _picture(self, parsed: ParsedFrame, look: Look, sequence: int, started_s: float) -> Picture:
        header = read_header(parsed.image, pixels_max=self._pixels_max)
        if header.format is Format.PNG:
            check_png_chunks(parsed.image)
        frame = decode(parsed.image, header, width_max=look.max_width, as_gray=look.effect in _GRAY_EFFECTS)
        motion = self._motion.measure(frame)
        if look.mirror:
            frame = cv2.flip(frame, 1)  # type: ignore[assignment]
        frame, faces = self._apply(look, frame)
        jpeg = self._encode(frame, look.quality)
        height, width = frame.shape[:2]
        caption = Caption(
            sequence=sequence,
            captured_at=parsed.captured_at,
            width=width,
            height=height,
            effect=look.effect,
            processing_ms=round(1000 * (perf_counter() - started_s), 2),
            motion=motion,
            faces=faces,
        )
        return Picture(jpeg, caption)

    def _apply(self, look: Look, frame: Frame) -> tuple[Frame, tuple[Face, ...]]:
        """The frame with its effect, and the faces that were looked for."""
        if look.effect == "edges":
            return cv2.Canny(frame, _EDGES_FROM, _EDGES_SURELY_FROM), ()  # type: ignore[return-value]
        if look.effect == "blur":
            return cv2.GaussianBlur(frame, _BLUR_SIZE, 0), ()  # type: ignore[return-value]
        if look.effect not in {"faces", "privacy"}:
            return frame, ()  # grayscale was decoded so
        faces = self._find_faces(frame)
        if look.effect == "privacy":
            self._privacy.blur(frame, faces, monotonic(), is_mirrored=look.mirror)
        else:
            _draw_boxes(frame, faces)
        return frame, faces


def _draw_boxes(frame: Frame, faces: tuple[Face, ...]) -> None:
    for face in faces:
        corner = (face.x + face.width, face.y + face.height)
        cv2.rectangle(frame, (face.x, face.y), corner, _BOX_COLOUR, _BOX_PIXELS)
