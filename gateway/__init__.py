"""The gateway owns the door: who may pass to which service, and the pages; it keeps no data."""
