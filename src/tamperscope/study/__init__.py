"""The reader study: who reads what, the server that shows it, and what comes out of it."""
