"""Runs all of Parley as processes on one machine."""
