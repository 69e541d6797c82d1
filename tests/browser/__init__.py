"""The widget in a real browser, against a whole `baas dev`."""
