"""The rules and types of chat, without I/O."""
