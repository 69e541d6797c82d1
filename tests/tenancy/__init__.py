"""Proof that two stores never meet: each test walks all that exists, not a list that somebody keeps."""
