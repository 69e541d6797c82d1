"""What is done later: events and who hears them, the loops of a worker, its heartbeat, and what time deletes.

Owns `events`, `event_outbox`, `event_subjects`, `event_floors`, `event_jobs` and `workers`. It emits and hears nothing
by itself: `outbox` writes the events of others in their transactions, and its relay hands each to whoever hears it.
"""
