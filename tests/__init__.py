"""The tests: they mirror baas/, and walk everything that exists."""
