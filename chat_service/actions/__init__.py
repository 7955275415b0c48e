"""What chat does, in its own verbs."""
