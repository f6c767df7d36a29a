"""Two small drawings: a reliability diagram for a terminal, and curves as SVG."""

from collections.abc import Mapping, Sequence

from soloist_agents.selection.calibration import Bin

_COLOURS = ("#222222", "#0b6e4f", "#2a9d8f", "#e9a03b", "#d1603d", "#a4243b", "#6a4c93")
_WIDE, _HIGH, _EDGE = 640, 400, 56


def dumbbells(bars: Sequence[Bin], *, wide: int = 50) -> str:
    """A line for each bar: `o` where it was said, `#` where it held (`@` both), 0 to 1 from left to right."""
    rows = []
    for bar in bars:
        row = ["."] * (wide + 1)
        said, held = round(bar.said * wide), round(bar.held * wide)
        row[said], row[held] = "o", "#" if said != held else "@"
        rows.append(f"  {bar.low:.1f}-{bar.high:.1f} |{''.join(row)}| said {bar.said:.2f}, held {bar.held:.2f}, n {bar.count}")
    return "\n".join(rows)


def lines(curves: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str) -> str:
    """Curves between 0 and 1 upwards, as one SVG image."""
    xs = [x for points in curves.values() for x, _ in points]
    low, high = min(xs), max(xs)

    def place(x: float, y: float) -> str:
        return f"{_EDGE + (x - low) / (high - low) * (_WIDE - 2 * _EDGE):.1f},{_HIGH - _EDGE - y * (_HIGH - 2 * _EDGE):.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE + 120} {_HIGH}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDE + 120}" height="{_HIGH}" fill="white"/>',
    ]
    for tick in range(6):
        x, y = place(low, tick / 5).split(",")
        parts.append(f'<line x1="{x}" y1="{y}" x2="{_WIDE - _EDGE}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{float(x) - 8}" y="{float(y) + 4}" text-anchor="end">{tick / 5:.1f}</text>')
    for x in sorted(set(xs)):
        at = place(x, 0).split(",")[0]
        parts.append(f'<text x="{at}" y="{_HIGH - _EDGE + 18}" text-anchor="middle">{x:g}</text>')
    for number, (name, points) in enumerate(curves.items()):
        colour, dash = _COLOURS[number % len(_COLOURS)], ' stroke-dasharray="6 4"' if number == 0 else ""
        parts.append(
            f'<polyline points="{" ".join(place(*at) for at in points)}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        )
        parts.append(f'<rect x="{_WIDE - _EDGE + 14}" y="{60 + 20 * number}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDE - _EDGE + 34}" y="{66 + 20 * number}">{name}</text>')
    parts.append(f'<text x="{_WIDE / 2}" y="{_HIGH - 14}" text-anchor="middle">{across}</text>')
    parts.append(f'<text x="16" y="{_HIGH / 2}" text-anchor="middle" transform="rotate(-90 16 {_HIGH / 2})">{up}</text>')
    return "\n".join([*parts, "</svg>"])
