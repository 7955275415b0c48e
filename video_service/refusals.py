"""How each refusal of video is answered: the HTTP status, and the code that problems and `error` events share."""

from servicekit.problems import ProblemType, RefusalTable
from video_service.domain import refusals as facts

REFUSALS: RefusalTable = {
    facts.InvalidCommand: ProblemType(400, "invalid_command"),
    facts.InvalidBase64: ProblemType(422, "invalid_base64"),
    facts.UnknownFormat: ProblemType(415, "unknown_format"),
    facts.BrokenFrame: ProblemType(422, "broken_frame"),
    facts.FrameTooLarge: ProblemType(413, "frame_too_large"),
    facts.MessageTooLarge: ProblemType(413, "message_too_large"),
    facts.TooManyFrames: ProblemType(429, "too_many_frames"),
    facts.StreamTaken: ProblemType(409, "stream_taken"),
    facts.CallEnded: ProblemType(410, "call_ended"),
    facts.UnknownAudience: ProblemType(404, "unknown_audience"),
    facts.TooManyStreams: ProblemType(429, "too_many_streams"),
    facts.UnknownStream: ProblemType(404, "unknown_stream"),
    facts.NoPictureYet: ProblemType(404, "no_picture_yet"),
    facts.TooManyWatchers: ProblemType(429, "too_many_watchers"),
    facts.TooManyConnections: ProblemType(429, "too_many_connections"),
}
