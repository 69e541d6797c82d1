"""Imports: files that bring a catalogue, and what became of their rows.

Owns `imports` and `import_results`, and the formats that can be read. Emits nothing: the catalogue, through whose verbs
each product goes, says what changed. Hears nothing. A file that cannot be read as a whole is refused before anything of
it is stored; a product is imported whole or not at all.
"""
