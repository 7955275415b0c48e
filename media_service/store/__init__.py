"""The store: all SQL of the media service, in what SQLite and PostgreSQL share."""

from media_service.store.avatars import AvatarStore
from media_service.store.blobs import BlobStore
from media_service.store.files import DeletedFile, FileStore
from media_service.store.followed_lists import FollowedLists, ProfileChange
from media_service.store.link_cards import LinkCardStore
from media_service.store.resumable_uploads import ResumableUploadStore
from media_service.store.uploads import NewUpload, UploadStore

__all__ = [
    "AvatarStore",
    "BlobStore",
    "DeletedFile",
    "FileStore",
    "FollowedLists",
    "LinkCardStore",
    "NewUpload",
    "ProfileChange",
    "ResumableUploadStore",
    "UploadStore",
]
