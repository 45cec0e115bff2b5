"""WebSockets beside the terminal."""
