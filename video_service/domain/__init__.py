"""The rules of video: whose frame is next, what may come in, what a stream is. Plain values, no I/O."""
