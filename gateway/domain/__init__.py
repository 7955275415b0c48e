"""The rules of the door, without I/O."""
