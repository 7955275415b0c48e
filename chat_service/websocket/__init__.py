"""The sockets: frames become intents, and events become frames."""
