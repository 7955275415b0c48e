"""The media service owns the pictures that people send: checked, cleaned, kept and served."""
