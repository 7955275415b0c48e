"""The store: every query of the media service."""

from media_service.store.avatars import AvatarStore
from media_service.store.blobs import BlobStore
from media_service.store.files import DeletedFile, FileStore
from media_service.store.resumable_uploads import ResumableUploadStore
from media_service.store.uploads import NewUpload, UploadStore

__all__ = [
    "AvatarStore",
    "BlobStore",
    "DeletedFile",
    "FileStore",
    "NewUpload",
    "ResumableUploadStore",
    "UploadStore",
]
