"""Imports owns files that bring a catalogue, what became of their rows, and the formats it can read.

It works through the catalogue's own verbs, product by product, and emits nothing of its own: the
catalogue says what changed. A file that cannot be read as a whole is refused before anything of it is
stored; a product is imported whole or not at all.
"""
