"""Values that are passed around: the clock, ids, money, text, HTML, cursors.

They ask nobody: neither the database, nor Redis, nor the network. Owns no table.
"""
