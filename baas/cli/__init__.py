"""The command line `baas`."""
