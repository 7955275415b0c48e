"""How each refusal of the media service is answered."""

from media_service.domain import refusals as facts
from servicekit.problems import Answer, RefusalTable

REFUSALS: RefusalTable = {
    facts.NoFiles: Answer(422, "no_files"),
    facts.NotMultipart: Answer(415, "not_multipart"),
    facts.BrokenUpload: Answer(400, "malformed"),
    facts.TooManyFiles: Answer(413, "too_many_files"),
    facts.QuotaExceeded: Answer(413, "quota_exceeded"),
    facts.TooManyFilesKept: Answer(413, "quota_exceeded"),
    facts.FileTooLarge: Answer(413, "file_too_large"),
    facts.PictureTooLarge: Answer(413, "picture_too_large"),
    facts.NotAPicture: Answer(415, "not_a_picture"),
    facts.BrokenPicture: Answer(422, "broken_picture"),
    facts.UnknownFile: Answer(404, "unknown_file"),
    facts.UnknownAvatar: Answer(404, "unknown_avatar"),
    facts.RangeNotSatisfiable: Answer(416, "range_not_satisfiable"),
    facts.ChatAway: Answer(503, "unavailable"),
}
