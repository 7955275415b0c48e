"""Plain values: what a picture is here, and why one is refused."""
