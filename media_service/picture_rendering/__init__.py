"""Rendering: a cleaned picture is decoded, turned upright and made small. The one home of Pillow and blurhash.

Imported with the first picture: its libraries are large, and not everybody sends one.
"""

from media_service.picture_rendering.conversion import convert
from media_service.picture_rendering.limits import Limits, TooDear
from media_service.picture_rendering.memory import give_back
from media_service.picture_rendering.rendering import render

__all__ = ["Limits", "TooDear", "convert", "give_back", "render"]
