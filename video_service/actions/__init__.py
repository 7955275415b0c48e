"""What video does: streams that are published and watched, and the log of who was live."""
