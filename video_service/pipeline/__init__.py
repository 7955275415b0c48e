"""The pipeline: frames in, pictures out, in threads of its own. Here alone are OpenCV and numpy.

A frame is an array of shape (height, width, 3), uint8, BGR; or of shape (height, width), uint8, where only its
brightness counts.

The workers and the frame processor can be imported without the two libraries, which are loaded with the first frame.
"""
