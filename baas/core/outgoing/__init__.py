"""Requests to strangers, whose addresses are judged and whose answers are bounded."""
