"""Moving a whole installation between engines: `python -m servicekit.move FROM TO`."""
