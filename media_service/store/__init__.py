"""The store: every query of the media service."""

from media_service.store.avatars import AvatarStore
from media_service.store.files import NewFile, Removal, Store

__all__ = ["AvatarStore", "NewFile", "Removal", "Store"]
