"""A Parley with people in it, to look around in."""
