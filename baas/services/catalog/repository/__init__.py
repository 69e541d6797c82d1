"""The only SQL of the catalogue: `queries` and `listing` read, `commands` lock and write, `documents` read whole
products and what is derived from them."""
