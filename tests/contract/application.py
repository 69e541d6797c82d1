"""The application without servers: enough to ask it for its document."""

from litestar import Litestar

from baas.app import create_app
from baas.core.db import DatabaseUrls
from baas.core.settings import Environment, Settings


def unconnected() -> Litestar:
    """An application that has never been started."""
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    return create_app(
        Settings(
            environment=Environment.DEVELOPMENT,
            database=DatabaseUrls(app=nowhere, relay=nowhere, auth=nowhere, operator=nowhere),
            redis_url="redis://127.0.0.1:1/0",
            secret="a secret for a document, and for nothing else",
            encryption_keys=(b"k" * 32,),
            operator_key_hash=None,
            base_url="http://testserver",
        )
    )
