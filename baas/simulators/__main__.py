"""`python -m baas.simulators FOLDER mercadopago=PORT stripe=PORT`: what `baas dev` starts."""

import asyncio
import sys
from pathlib import Path

from baas.simulators.serve import serve


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    folder, *ports = arguments
    named = {name: int(port) for name, _, port in (text.partition("=") for text in ports)}
    asyncio.run(serve(named, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
