"""The store: every query of the media service."""

from media_service.store.avatars import AvatarStore
from media_service.store.files import DeletedFile, FileStore, NewFile

__all__ = ["AvatarStore", "DeletedFile", "FileStore", "NewFile"]
