"""What one process needs for notifications beside its runtime: the renderer and the senders."""

from weakref import WeakKeyDictionary

from baas.core.db import Database
from baas.core.runtime import Runtime
from baas.services.notifications.rendering.renderer import Renderer
from baas.services.notifications.senders import Senders

_renderers: WeakKeyDictionary[Database, Renderer] = WeakKeyDictionary()
_senders: WeakKeyDictionary[Database, Senders] = WeakKeyDictionary()


def renderer_of(runtime: Runtime) -> Renderer:
    """The renderer of this process; its children start when something is rendered."""
    renderer = _renderers.get(runtime.database)
    if renderer is None:
        renderer = _renderers[runtime.database] = Renderer()
    return renderer


def senders_of(runtime: Runtime) -> Senders:
    """The senders of this process."""
    senders = _senders.get(runtime.database)
    if senders is None:
        senders = _senders[runtime.database] = Senders(runtime.settings, runtime.http, runtime.keyring)
    return senders


async def close(runtime: Runtime) -> None:
    """End what was started here."""
    renderer = _renderers.pop(runtime.database, None)
    if renderer is not None:
        await renderer.close()
    senders = _senders.pop(runtime.database, None)
    if senders is not None:
        senders.close()
