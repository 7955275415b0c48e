"""The version of Parley, which is that of all its services."""

VERSION = "0.1.0"
