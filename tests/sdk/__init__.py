"""The Python SDK against this backend; what it does by itself is proven in `sdk/tests`."""
