"""What is done later: events and who hears them, the loops of a worker, its heartbeat, and what time deletes."""
