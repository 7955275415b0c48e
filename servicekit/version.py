"""The version of Parley, which is that of all its services. `make release` compares the other places with it."""

__version__ = "0.2.0"
