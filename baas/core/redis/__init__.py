"""What a process asks Redis, and how it goes on without: the byte cache, rate limits, the circuit in front of both.

Owns no table, and nothing in Redis that may not be lost. `together` asks for many at once.
"""
