"""How each refusal of video is answered: the HTTP status, and the code that problems and `error` events share."""

from servicekit.problems import Answer, RefusalTable
from video_service.domain import refusals as facts

REFUSALS: RefusalTable = {
    facts.InvalidCommand: Answer(400, "invalid_command"),
    facts.InvalidBase64: Answer(422, "invalid_base64"),
    facts.UnknownFormat: Answer(415, "unknown_format"),
    facts.BrokenFrame: Answer(422, "broken_frame"),
    facts.FrameTooLarge: Answer(413, "frame_too_large"),
    facts.MessageTooLarge: Answer(413, "message_too_large"),
    facts.TooManyFrames: Answer(429, "too_many_frames"),
    facts.StreamTaken: Answer(409, "stream_taken"),
    facts.CallEnded: Answer(410, "call_ended"),
    facts.UnknownAudience: Answer(404, "unknown_audience"),
    facts.TooManyStreams: Answer(429, "too_many_streams"),
    facts.UnknownStream: Answer(404, "unknown_stream"),
    facts.NoPictureYet: Answer(404, "no_picture_yet"),
    facts.TooManyWatchers: Answer(429, "too_many_watchers"),
    facts.TooManyConnections: Answer(429, "too_many_connections"),
}
