"""The error codes (SQLSTATE) that functions of the database raise: each stands here once, with what it means.

The files of `sql/` name the code in `errcode`, for they are plain SQL; a test compares them with this register.
"""

from typing import Final

NOT_FOR_SALE: Final = "BS001"
"""A variant that is not for sale was put into a cart. The detail is the variant's id."""
SHORT_OF_STOCK: Final = "BS002"
"""A line of a cart is more than its stock. The detail is a JSON array of `{"variant_id", "asked", "available"}`."""
TOO_MANY_LINES: Final = "BS003"
"""A cart has more lines than it may have."""
WORTH_TOO_MUCH: Final = "BS004"
"""The lines of a cart cost more together than an amount can say."""
NO_SUCH_LINE: Final = "BS005"
"""The cart has no such line."""
PROVIDER_DISABLED: Final = "BS006"
"""The store has disabled the payment provider."""
