"""What a process asks Redis, and how it goes on without: the byte cache, rate limits, the circuit in front of both."""
