"""What an account and a session are, and what they may be called; plain values, no I/O."""
