"""How messages leave: one small interface (`base`), one module for each way."""
