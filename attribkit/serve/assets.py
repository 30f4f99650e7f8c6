"""The page's files, and the two that are made from the toolkit's own palette and markers."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from attribkit.render.preparation import markers, palette, scatter_text
from attribkit.render.preparation import scatter as geometry
from attribkit.render.preparation.scales import STRONG
from attribkit.render.preparation.unicode import visible
from attribkit.results.panels import Scatter

PAGE = Path(__file__).parent / "page"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class File:
    """A file of the page: its type, its bytes, and a tag that changes with them."""

    kind: str
    content: bytes
    tag: str


def files() -> dict[str, File]:
    """Every file of the page by its path; read once, so that no request can reach another file."""
    contents = {path.name: (KINDS[path.suffix], path.read_bytes()) for path in sorted(PAGE.iterdir())}
    contents[""] = contents.pop("index.html")
    contents["colours.css"] = (KINDS[".css"], colours().encode())
    return {
        name: File(kind, content, f'"{blake2b(content, digest_size=12).hexdigest()}"')
        for name, (kind, content) in contents.items()
    }


def colours() -> str:
    """The palette of every report as CSS variables, light and dark, with a rule for each step of the scale."""
    light, dark = palette.LIGHT, palette.DARK
    names = ("paper", "page", "ink", "muted", "faint", "against", "towards", "good", "bad")
    pairs = {name: (getattr(light, name), getattr(dark, name)) for name in names}
    for step in range(1, palette.STEPS + 1):
        pairs |= {f"p{step}": (light.colour(step), dark.colour(step))}
        pairs |= {f"n{step}": (light.colour(-step), dark.colour(-step))}
        pairs |= {f"w{step}": (light.weight(step), dark.weight(step))}
    pairs |= {f"g{number}": pair for number, pair in enumerate(markers.COLOURS)} | {"rest": markers.REST}
    variables = "".join(f"--{name}:light-dark({on_light},{on_dark});" for name, (on_light, on_dark) in pairs.items())
    rules = "".join(_steps(step) for step in range(1, palette.STEPS + 1))
    return f":root{{color-scheme:light dark;--letters:{palette.LETTERS};{variables}}}\n{rules}"


def _steps(step: int) -> str:
    """Colour is never the only cue: from a quarter of the scale on a bar stands below (for) or above (against)."""
    thick = ".13em" if step >= 0.6 * palette.STEPS else ".07em"
    strong = step >= STRONG * palette.STEPS
    below, above = (
        f"inset 0 {sign}{thick} var(--{side})," * strong for sign, side in (("-", "towards"), ("", "against"))
    )
    return (
        f".p{step}{{background:var(--p{step});box-shadow:{below}0 0 0 .09em var(--p{step})}}"
        f".n{step}{{background:var(--n{step});box-shadow:{above}0 0 0 .09em var(--n{step})}}"
        f".w{step}{{background:var(--w{step})}}\n"
    )


def points(panel: Scatter) -> dict[str, Any]:
    """A map for the page to draw once: each point's place, its axes running from 0 to 1, its marker and its text."""
    frame = geometry.frame(panel)
    signs, places = markers.signs(panel)
    return {
        "layer": visible(panel.maps[0].name, True),
        "shown": scatter_text.shown(panel),
        "axes": [visible(name, True) for name in panel.axes],
        "stretched": frame.stretched,
        "points": [[round(x, 4), round(y, 4)] for x, y in frame.unit(panel.maps[0].points).tolist()],
        "sign": places.tolist(),
        "signs": [
            {
                "name": sign.name,
                "count": sign.count,
                "colour": "rest" if sign.colour is None else f"g{sign.colour}",
                "path": markers.outline(markers.SHAPES[sign.shape]),
            }
            for sign in signs
        ],
        "star": markers.outline(markers.STAR),
        "excerpts": [visible(text, True) for text in panel.excerpts],
        "labels": [visible(label, True) for label in panel.labels],
        "notes": scatter_text.caveats(panel),
    }
