"""`python -m baas` is the command `baas`."""

from baas.cli.main import main

if __name__ == "__main__":
    main()
