"""The pieces, by the names that `make bench PIECE=…` takes, in the order of a whole run."""

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.pieces import buying, life, reads, webhooks, working
from benchmarks.report import Piece

PIECES: dict[str, Callable[[Bench], list[Piece]]] = {
    "start": life.start,
    "cached": reads.cached,
    "uncached": reads.uncached,
    "search": reads.search,
    # Before anything is bought: a worker has to send mail about that, too.
    "deliveries": webhooks.deliveries,
    "cart": buying.carts,
    "checkout": buying.checkout,
    "worker": working.worker,
    "buyers": buying.buyers,
    "mix": life.mix,
    "memory": life.memory,
}
