"""What a process tells of itself: `logging` without secrets (`redact`), `metrics`, and `scrape` for a worker's; `memory`.

Owns no table. `memory` tells the garbage collector when to look.
"""
