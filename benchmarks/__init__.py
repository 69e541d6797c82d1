"""How fast this backend is, measured against what the parts under it can do at most: `make bench`.

Each piece is a module of `benchmarks.pieces`. Results go to `benchmarks/results/`, which is not committed.
"""
