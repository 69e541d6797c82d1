"""The door of the application: what every request passes before its handler.

`edge` looks the key up, checks origin, limits and scope and makes the context; `front` answers what needs no framework
and hands it the rest; `keys` keeps what keys and stores mean, for 0.85 s; `origins` says which web pages may call.
Owns no table.
"""
