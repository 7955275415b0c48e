"""What the store tells of parts that come at a bad time."""

import pytest

from media_service.domain.refusals import UnknownUpload, WrongOffset
from media_service.domain.resumable_uploads import ResumableUpload
from media_service.store import ResumableUploadStore
from servicekit.database import Database
from tests.clock import NOW_S

UPLOAD = ResumableUpload(
    id="stage",
    owner="Ada",
    filename="stage.txt",
    content_type="text/plain",
    metadata="",
    length=9,
    received=0,
    blob=None,
    expires_at=NOW_S + 60,
)


async def test_a_part_for_what_is_over_by_now_is_told_where_it_stands(database: Database) -> None:
    """Another instance may have had all of it, and have said what became of it, while the part was on its way."""
    store = ResumableUploadStore(database)
    await store.begin(UPLOAD, quota_bytes=100, open_max=1, now_s=NOW_S)
    await store.append("stage", 0, b"a" * 9)
    await store.refuse("stage", b"{}")
    with pytest.raises(WrongOffset) as refused:
        await store.append("stage", 0, b"late")
    assert refused.value.headers == {"Upload-Offset": "9"}
    with pytest.raises(UnknownUpload):
        await store.append("another", 0, b"late")
