"""The sockets: they send frames to be processed, or watch a stream."""

from video_service.websocket.video_socket import VideoSocket

__all__ = ["VideoSocket"]
