"""What a run answers: a table, a JSON file and a chart."""

import html
import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass
class Piece:
    """One measured piece. `ratio` is ours against the limit, or against the aim where there is no limit."""

    piece: str
    ours: float
    unit: str
    aim: str
    met: bool
    limit: float | None = None
    ratio: float | None = None
    cpu_us: float | None = None
    """CPU microseconds of the server's process tree for each request (flow, delivery)."""
    limit_cpu_us: float | None = None
    note: str = ""
    quiet: bool = True
    details: dict[str, Any] = field(default_factory=dict)


def median(values: list[float]) -> float:
    """The middle one, 0 of none."""
    return statistics.median(values) if values else 0.0


def table(pieces: list[Piece]) -> str:
    """The result for a terminal."""
    head = ("piece", "ours", "limit", "unit", "ratio", "aim", "met", "cpu us", "limit's")
    rows = [head, *map(_row, pieces)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    if any(not piece.quiet for piece in pieces):
        lines.append(
            "* others used this machine meanwhile: trust the CPU per request, not the rates, and run it again."
        )
    lines += [f"{piece.piece}: {piece.note}" for piece in pieces if piece.note]
    return "\n".join(lines)


def _row(piece: Piece) -> tuple[str, ...]:
    return (
        piece.piece,
        _number(piece.ours),
        _number(piece.limit),
        piece.unit,
        "" if piece.ratio is None else f"{piece.ratio:.2f}",
        piece.aim,
        ("yes" if piece.met else "NO") + ("" if piece.quiet else " *"),
        _number(piece.cpu_us),
        _number(piece.limit_cpu_us),
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}"


def markdown(pieces: list[Piece]) -> str:
    """The result as `docs/performance.md` shows it."""
    head = ("piece", "ours", "limit", "ratio", "CPU us, ours", "CPU us, limit", "aim", "met")
    lines = [" | ".join(("", *head, "")).strip(), "|" + " --- |" * len(head)]
    for piece in pieces:
        name, ours, limit, unit, ratio, aim, met, cpu, limit_cpu = _row(piece)
        shown = (name, f"{ours} {unit}".strip(), limit, ratio, cpu, limit_cpu, aim, met.lower())
        lines.append(" | ".join(("", *shown, "")).strip())
    return "\n".join(lines) + "\n\n" + "\n".join(f"- {p.piece}: {p.note}" for p in pieces if p.note) + "\n"


def write(pieces: list[Piece], machine: dict[str, Any], name: str) -> Path:
    """The JSON, the chart, and the table as Markdown; answers where the JSON is."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine, "pieces": [asdict(piece) for piece in pieces]}, indent=2))
    path.with_suffix(".svg").write_text(chart(pieces), encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(pieces), encoding="utf-8")
    return path


def chart(pieces: list[Piece]) -> str:
    """Each piece's ratio as a bar; the line in it is the aim's ratio where there is one."""
    shown = [piece for piece in pieces if piece.ratio is not None]
    height = 40 + 26 * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="20" font-size="14">Share of what the parts below can do at most (line: aim)</text>',
    ]
    for row, piece in enumerate(shown):
        top, ratio = 34 + 26 * row, piece.ratio or 0.0
        colour = "#2b8a3e" if piece.met else "#c92a2a"
        parts.append(f'<text x="250" y="{top + 13}" text-anchor="end">{html.escape(piece.piece)}</text>')
        parts.append(
            f'<rect x="260" y="{top}" width="{min(ratio, 1.1) * 400:.0f}" height="18" fill="{colour}"/>'
        )
        aim = piece.details.get("aim_ratio")
        if aim:
            parts.append(f'<rect x="{260 + aim * 400:.0f}" y="{top - 2}" width="2" height="22" fill="#111"/>')
        parts.append(f'<text x="{266 + min(ratio, 1.1) * 400:.0f}" y="{top + 13}">{ratio:.2f}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
