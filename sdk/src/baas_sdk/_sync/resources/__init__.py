# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""One module for each resource."""
