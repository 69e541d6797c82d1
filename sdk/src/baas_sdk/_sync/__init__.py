# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""The synchronous client, made from its twin by `python -m sdk.scripts.generate`."""
