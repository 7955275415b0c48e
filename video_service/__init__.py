"""The video service owns live video: it processes frames as they come and passes them on to watchers."""
