"""Recordings: audio and video files, cleaned without touching what is heard and seen in them."""
