"""What a process tells of itself: logs without secrets, metrics and who may read them, its memory."""
