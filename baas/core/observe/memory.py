"""The garbage collector of a process that lives long.

What the start makes stays as long as the process: modules, tables, routes. A collector that walks over it while it
grows takes a tenth of the start, and later a third of the time of a busy worker.
"""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Within this the collector rests, and what is there at the end it never looks at again.

    For imports: they leave hardly any cycles behind. A process that is forked afterwards shares what they made.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """At the end of a start: what is there now stays, and from now on the collector comes rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
