"""The chat service owns conversations: the ordered log of what was said, and bringing it to everyone concerned."""
