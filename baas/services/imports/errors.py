"""Refusals of the imports package."""

from baas.core.errors import ValidationFailed


class UnreadableFile(ValidationFailed):
    """The file as a whole cannot be read, so nothing of it was imported. `details` says the row and why."""

    title = "The file cannot be read."

    def __init__(self, reason: str, row: int, message: str) -> None:
        super().__init__(f"Row {row}: {message}", fields={"file": message}, row=row, reason=reason)
        self.reason = reason
        self.row = row
