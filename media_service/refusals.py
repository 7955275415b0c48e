"""How each refusal of the media service is answered."""

from media_service.domain import refusals as facts
from servicekit.problems import ProblemType, Refusal, RefusalTable, problem, problem_type_of

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
    facts.CannotCheck: ProblemType(500, "internal_error"),
    facts.BadMetadata: ProblemType(400, "malformed"),
    facts.BadUploadHeader: ProblemType(400, "malformed"),
    facts.WrongTusVersion: ProblemType(412, "wrong_version"),
    facts.NotAnOffsetStream: ProblemType(415, "not_an_offset_stream"),
    facts.WrongOffset: ProblemType(409, "wrong_offset"),
    facts.UploadBusy: ProblemType(423, "upload_busy"),
    facts.TooManyUploads: ProblemType(429, "too_many_uploads"),
    facts.UnknownUpload: ProblemType(404, "unknown_upload"),
    facts.OwnerErased: ProblemType(410, "account_erased"),
    facts.UnknownFile: ProblemType(404, "unknown_file"),
    facts.UnknownAvatar: ProblemType(404, "unknown_avatar"),
    facts.UnknownCardPicture: ProblemType(404, "unknown_picture"),
    facts.AnotherVersion: ProblemType(412, "another_version"),
    facts.RangeNotSatisfiable: ProblemType(416, "range_not_satisfiable"),
    facts.ChatAway: ProblemType(503, "unavailable"),
}


def as_problem(refusal: Refusal) -> bytes:
    """The body of its answer, to be kept until somebody asks."""
    return problem(problem_type_of(refusal, REFUSALS), str(refusal), refusal.errors).body()
