"""The auth service owns accounts, passwords and sessions, and is the only one that can sign a token."""
