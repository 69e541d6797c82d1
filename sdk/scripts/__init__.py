"""Writes the parts of the SDK that follow from the OpenAPI document, and the synchronous twin."""
