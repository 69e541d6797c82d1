"""The templates that every store has without making one: blocks (`blocks`) filled with phrases in three languages.

`catalogue` is the way in. A built-in template is a template like any other: its source can be read, copied and
changed by a store, so it is composed into one self-contained Liquid text for each part.
"""
