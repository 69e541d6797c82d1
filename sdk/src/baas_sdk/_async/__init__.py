"""The asynchronous client. Its twin in `_sync` is made from it by `python -m sdk.scripts.generate`."""
