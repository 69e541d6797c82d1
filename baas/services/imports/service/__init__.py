"""The verbs of the imports, by where a file comes from: `uploads`, `files`, `queue`; `product` brings in one product."""

from baas.services.imports.service.files import import_file
from baas.services.imports.service.formats import is_small, measure
from baas.services.imports.service.queue import run_next
from baas.services.imports.service.uploads import create_import, get_import

__all__ = ["create_import", "get_import", "import_file", "is_small", "measure", "run_next"]
