"""The frame processor: what one connection's frames go through, each with an answer or a reason why there is none."""

from collections.abc import Callable
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from servicekit.logs import get_logger
from servicekit.problems import Refusal
from video_service.domain.commands import Form, Look, ParsedFrame, RawFrame, parse_frame
from video_service.domain.image_headers import Format, check_png_chunks, read_header
from video_service.domain.pictures import Caption, Picture
from video_service.domain.refusals import BrokenFrame

if TYPE_CHECKING:
    from video_service.pipeline.renderer import Renderer

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


def _new_renderer() -> "Renderer":
    """With the first frame OpenCV is loaded, beside the loop: it takes 30 MiB and a fifth of a second."""
    from video_service.pipeline.renderer import Renderer  # noqa: PLC0415

    return Renderer()


class FrameProcessor:
    """Belongs to one connection, and is used by one thread at a time."""

    def __init__(self, *, pixels_max: int, new_renderer: Callable[[], "Renderer"] = _new_renderer) -> None:
        self._pixels_max = pixels_max
        self._new_renderer = new_renderer

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
        rendered = self._renderer.render(parsed.image, header, look)
        caption = Caption(
            sequence=sequence,
            captured_at=parsed.captured_at,
            width=rendered.width,
            height=rendered.height,
            effect=look.effect,
            processing_ms=round(1000 * (perf_counter() - started_s), 2),
            motion=rendered.motion,
            faces=rendered.faces,
        )
        return Picture(rendered.jpeg, caption)

    @cached_property
    def _renderer(self) -> "Renderer":
        return self._new_renderer()
