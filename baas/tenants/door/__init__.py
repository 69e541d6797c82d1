"""The door: who is calling, for which store, from where, and how often they may."""
