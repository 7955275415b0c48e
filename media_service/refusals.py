"""How each refusal of the media service is answered."""

from media_service.domain import refusals as facts
from servicekit.problems import ProblemType, RefusalTable

REFUSALS: RefusalTable = {
    facts.NoFiles: ProblemType(422, "no_files"),
    facts.NotMultipart: ProblemType(415, "not_multipart"),
    facts.BrokenUpload: ProblemType(400, "malformed"),
    facts.TooManyFiles: ProblemType(413, "too_many_files"),
    facts.QuotaExceeded: ProblemType(413, "quota_exceeded"),
    facts.TooManyFilesKept: ProblemType(413, "quota_exceeded"),
    facts.FileTooLarge: ProblemType(413, "file_too_large"),
    facts.PictureTooLarge: ProblemType(413, "picture_too_large"),
    facts.NotAPicture: ProblemType(415, "not_a_picture"),
    facts.BrokenPicture: ProblemType(422, "broken_picture"),
    facts.UnknownFile: ProblemType(404, "unknown_file"),
    facts.UnknownAvatar: ProblemType(404, "unknown_avatar"),
    facts.RangeNotSatisfiable: ProblemType(416, "range_not_satisfiable"),
    facts.ChatAway: ProblemType(503, "unavailable"),
}
