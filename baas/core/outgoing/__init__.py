"""Requests to strangers: one client for each process, which judges addresses, bounds answers and time, and follows no redirect.

Owns no table. Receivers of webhooks, payment providers and mail services over HTTP are all asked through it, so that no
store can make the backend ask an address inside of its own network.
"""
