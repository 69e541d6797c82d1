"""A shop with a catalogue and orders of its own, which leaves money, messages and events to the backend."""
