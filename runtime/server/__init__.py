"""The worker: one Unix socket, typed requests, and everything below wired together. See README.md."""
