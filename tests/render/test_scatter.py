import base64
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import printed
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from render.points import scatter

from attribkit.render import html, picture
from attribkit.render.html.still_map import still_maps, variable
from attribkit.render.preparation import markers, palette, scatter_text
from attribkit.render.preparation import scatter as geometry
from attribkit.results.panels import Map, Mixing, ProjectedText, Scatter
from attribkit.results.several_panels import Panels

MIXING = Mixing(15, 40, 0.5, 0.83, 0.79, 0.31, -0.02, 0.94)


def panel(count: int = 40, dimensions: int = 2, **changes: Any) -> Scatter:
    """Points in two groups, with everything known."""
    points = np.random.default_rng(0).normal(size=(count, dimensions))
    return scatter(points, mixing=MIXING, **changes)


def films(count: int = 30) -> Scatter:
    """Two layers at three times each."""
    points = np.random.default_rng(1).normal(size=(6, count, 2))
    maps = tuple(
        Map(layer, epoch, points[3 * a + b], MIXING)
        for a, layer in enumerate(("rnn", "dense"))
        for b, epoch in enumerate((0, 1, 20))
    )
    return panel(count, maps=maps)


def drawn(found: Scatter) -> Panels:
    return Panels((found,))


def figure_of(found: Scatter) -> Figure:
    return picture.figure([drawn(found)])


def words_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]


def clouds(figure: Figure, kind: str = "map") -> list[PathCollection]:
    found = [c for c in figure.findobj(PathCollection) if isinstance(c, PathCollection)]
    return [c for c in found if str(c.get_label()).startswith(kind)]


class Read(HTMLParser):
    """Elements with their attributes, words as shown, and the content of scripts."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.words = ""
        self._in = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            attributes, content = self.scripts[-1]
            self.scripts[-1] = (attributes, content + data)
        elif self._in != "style":
            self.words += data

    @property
    def data(self) -> list[dict[str, Any]]:
        return [json.loads(content) for attributes, content in self.scripts if attributes]


def unpacked(text: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def test_the_script_gets_the_points_to_within_a_step_of_the_shared_axes() -> None:
    found = films()
    (data,) = Read(html.page([drawn(found)])).data
    frame = geometry.frame(found)
    for one, sent in zip(found.maps, data["maps"], strict=True):
        points = unpacked(sent["points"], "<u2").reshape(-1, 2) / 65_535 * frame.span + frame.low
        assert np.abs(points - one.points).max() <= frame.span.max() / 65_535
    assert data["excerpts"] == list(found.excerpts)
    names, of = data["labels"]["names"], unpacked(data["labels"]["of"], "<u4")
    assert tuple(names[k] for k in of) == found.labels
    assert unpacked(data["sign"], "u1").tolist() == found.group.tolist()


def test_the_page_tells_readers_without_a_script_all_that_is_not_a_place() -> None:
    near = ProjectedText("a new <b>text</b>", "pos", np.zeros((1, 2)), np.array([3, 1]))
    found = panel(placed=(near,), total=900, notes=("a note <i>",))
    page = Read(html.page([drawn(found)]))
    for said in (
        "PCA in 2 dimensions", "40 points", "colour and shape: label", "0.83", "0.79", "0.50", "−0.02", "0.94",
        "15 nearest neighbours", "a new <b>text</b>", "predicted pos", "2 nearest points in the layer: 2 × pos",
        "text 3", "a note <i>", "40 of 900 points are shown", "PC 1", "PC 2",
    ):  # fmt: skip
        assert said in page.words
    still = next(a for tag, a in page.elements if tag == "svg" and a.get("role") == "img")
    assert str(still["aria-label"]).startswith("PCA in 2 dimensions · 40 points")


@pytest.mark.parametrize(("count", "dimensions"), [(40, 2), (40, 3), (9_000, 2)])
def test_where_no_script_runs_every_point_stands_at_its_place_in_its_colour(count: int, dimensions: int) -> None:
    found = panel(count, dimensions)
    (still,) = still_maps(found)
    legend, places = markers.signs(found)
    unit = geometry.frame(found).unit(found.maps[0].points)
    seen = geometry.turned(unit)[:, :2] * [1, -1] + 0.5 if dimensions == 3 else unit * [1, -1] + [0, 0.5]
    top = still["height"] / 2 if dimensions == 2 else 0
    wanted = {
        (variable(legend[place]), *np.rint(spot * 1000 + [0, top]).tolist())
        for spot, place in zip(seen, places, strict=True)
    }
    drawn = {
        (colour, float(x), float(y))
        for colour, path in still["paths"]
        for x, y in re.findall(r"M(-?\d+) (-?\d+)", path)
    }
    assert drawn == wanted and len({colour for colour, *_ in drawn}) == 2
    assert (still["dot"] is None) == (count <= 5_000)
    assert bool(still["edges"]) == (dimensions == 3)


def test_where_no_script_runs_placed_texts_are_stars_joined_to_their_neighbours() -> None:
    placed = (ProjectedText("a new text", "pos", np.array([[0.0, 0.0]]), np.array([3, 5])),)
    (still,) = still_maps(panel(placed=placed))
    assert still["stars"].count("M") == 1 and still["lines"].count("L") == 2


def test_a_page_is_made_without_matplotlib(tmp_path: Path) -> None:
    code = """
import sys
import attribkit as ak
from attribkit.results.several_panels import Panels

model = ak.load("imdb-attention-rnn", "cpu")
why = ak.explain(model, ["It was a horrible movie", "Best film ever"], views="all", compare=True)
assert {panel.kind for panel in why[0].panels()} >= {"token_scores", "heatmap", "scatter"}
why.save(sys.argv[1])
assert why[0]._repr_html_()
print({"matplotlib", "seaborn", "captum"} & set(sys.modules))
"""
    assert printed(code, tmp_path / "x.html") == "set()"


def test_the_legend_has_a_button_with_the_count_of_each_group() -> None:
    page = Read(html.page([drawn(panel(41))]))
    buttons = [a for tag, a in page.elements if tag == "button" and "data-group" in a]
    assert [(a["data-group"], a["data-count"], a["aria-pressed"]) for a in buttons] == [
        ("0", "21", "true"),
        ("1", "20", "true"),
    ]


def test_nothing_can_leave_the_data_or_run(hostile: str) -> None:
    text = "</script><script>alert(1)</script><!--\u2028\u2029\ud800"
    near = ProjectedText(text, text, np.zeros((1, 2)), np.array([0]))
    found = panel(
        2, title=hostile, excerpts=(text, hostile[:120]), labels=(text, "b"), predictions=("b", text),
        groups=(text, "b"), colour=text, notes=(hostile,), axes=(text, hostile), placed=(near,),
        maps=(Map(text, None, np.zeros((2, 2))),),
    )  # fmt: skip
    for source in (html.page([drawn(found)]), html.fragment([drawn(found)])):
        page = Read(source)
        # the data, and the one script; whatever else looks like one is text
        assert len(page.scripts) == 2
        assert page.data[0]["excerpts"][0] == "</script><script>alert(1)</script><!--⟨U+2028⟩⟨U+2029⟩\ufffd"
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        source.encode("utf-8")


def test_the_script_stands_once_and_is_allowed_by_its_hash_alone() -> None:
    source = html.page([drawn(panel()), drawn(films())])
    plain = [content for attributes, content in Read(source).scripts if not attributes]
    assert len(plain) == 1
    policy = next(str(a["content"]) for tag, a in Read(source).elements if "http-equiv" in a)
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'; ", policy) and "unsafe-eval" not in policy
    for word in ("eval(", "Function(", "innerHTML", "import(", "fetch(", "http:", "https:", "document.write"):
        assert word not in plain[0]


def test_a_fragment_has_no_ids_and_no_global_names() -> None:
    source = html.fragment([drawn(panel()), drawn(films())])
    assert not any("id" in attributes for _, attributes in Read(source).elements)
    script = next(content for attributes, content in Read(source).scripts if not attributes)
    body = re.sub(r"^//.*\n", "", script, flags=re.M).strip()
    assert body.startswith("(() => {") and body.endswith("})();")


def test_25000_points_with_excerpts_stay_under_12_MB() -> None:
    count = 25_000
    excerpts = tuple(f"{k:06d} " + "слово за словом " * 7 for k in range(count))
    source = html.page([drawn(panel(count, excerpts=tuple(e[:120] for e in excerpts)))])
    assert len(source.encode()) < 12_000_000


@given(st.lists(st.integers(-1, 59), min_size=1, max_size=300))
def test_no_point_is_lost_from_the_legend_whatever_the_groups(group: list[int]) -> None:
    count = len(group)
    found = panel(count, groups=tuple(f"g{k}" for k in range(60)), group=np.array(group))
    signs, places = markers.signs(found)
    assert np.bincount(places, minlength=len(signs)).tolist() == [sign.count for sign in signs]
    assert len(signs) <= markers.OWN + 1
    own = [(sign.colour, sign.shape) for sign in signs]
    assert len(set(own)) == len(own)
    for point, place in enumerate(places):
        assert signs[place].name in (f"g{group[point]}", "21 smaller groups", "no label")


def test_every_group_has_its_own_pair_of_colour_and_shape_up_to_forty() -> None:
    names = tuple(f"class {k}" for k in range(40))
    signs, places = markers.signs(panel(80, groups=names, group=np.arange(80) % 40))
    assert [sign.name for sign in signs] == list(names) and (places == np.arange(80) % 40).all()
    assert len({(sign.colour, sign.shape) for sign in signs}) == 40
    first = signs[:7]
    assert len({sign.colour for sign in first}) == len({sign.shape for sign in first}) == 7


# as in test_palette.py
_DEFICIENCIES = {
    "none": np.eye(3),
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("deficiency", _DEFICIENCIES)
def test_the_colours_stay_apart_for_colour_blind_readers(deficiency: str, scheme: int) -> None:
    labs = []
    for pair in markers.COLOURS:
        rgb = np.clip(np.array(_DEFICIENCIES[deficiency]) @ palette.linear(pair[scheme]), 0, 1)
        labs.append(np.array(palette.to_oklab(palette.hexadecimal((float(rgb[0]), float(rgb[1]), float(rgb[2]))))))
    apart = [np.linalg.norm(a - b) for i, a in enumerate(labs) for b in labs[:i]]
    assert min(apart) > 0.05
    assert np.linalg.norm(labs[0] - labs[1]) > 0.2


def test_no_group_has_the_hue_of_a_score() -> None:
    for colour in (colour for pair in (*markers.COLOURS, *markers.ramp()) for colour in pair):
        _, a, b = palette.to_oklab(colour)
        if np.hypot(a, b) > 0.03:
            hue = np.degrees(np.arctan2(b, a))
            apart = [abs((hue - other + 180) % 360 - 180) for other in (palette.BLUE, palette.ORANGE)]
            assert min(apart) > 30, colour


@pytest.mark.parametrize("scheme", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_points_can_be_told_from_the_paper(scheme: palette.Scheme) -> None:
    side = 0 if scheme is palette.LIGHT else 1
    assert min(palette.contrast(pair[side], scheme.paper) for pair in (*markers.COLOURS, markers.REST)) >= 3
    light = [palette.to_oklab(pair[side])[0] for pair in markers.ramp()]
    assert (np.diff(light) < 0).all() if side == 0 else (np.diff(light) > 0).all()


def test_axes_share_one_scale_unless_one_would_vanish() -> None:
    square = panel(2, maps=(Map("x", None, np.array([[0.0, 0.0], [2.0, 1.0]])),))
    assert not geometry.frame(square).stretched
    assert geometry.frame(square).span[0] == geometry.frame(square).span[1]
    assert geometry.frame(square).height == geometry.FLAT
    line = panel(2, maps=(Map("x", None, np.array([[0.0, 0.0], [9.0, 1.0]])),))
    assert geometry.frame(line).stretched and geometry.frame(line).height == 1
    assert any("scale of its own" in remark for remark in scatter_text.caveats(line))
    same = panel(2, maps=(Map("x", None, np.array([[1.0, 1.0], [1.0, 1.0]])),))
    assert np.isfinite(geometry.frame(same).unit(same.maps[0].points)).all()


def test_all_maps_and_placed_texts_lie_within_the_frame() -> None:
    far = ProjectedText("far", "pos", np.array([[9.0, -9.0]] * 6), np.array([], dtype=int))
    found = films()
    found = panel(30, maps=found.maps, placed=(far,))
    frame = geometry.frame(found)
    for points in [one.points for one in found.maps] + [far.points]:
        assert (frame.unit(points) >= 0).all() and (frame.unit(points) <= 1).all()


def test_a_turned_cube_shows_near_points_larger() -> None:
    near, far = geometry.turned(np.array([[0.5, 0.0, 0.5], [0.5, 1.0, 0.5]]), yaw=0, pitch=0)
    assert near[2] == pytest.approx(-0.5) and far[2] == pytest.approx(0.5)
    left = geometry.turned(np.array([[0.0, 0.0, 0.5], [0.0, 1.0, 0.5]]), yaw=0, pitch=0)
    assert left[0, 0] < left[1, 0] < 0


def test_the_picture_holds_every_point_in_its_colour_and_shape() -> None:
    found = panel()
    (cloud,) = clouds(figure_of(found))
    offsets = np.asarray(cloud.get_offsets())
    assert offsets.shape == (40, 2)
    unit = geometry.frame(found).unit(found.maps[0].points)
    faces = np.asarray(cloud.get_facecolor())
    paths = cloud.get_paths()
    for place, face, path in zip(offsets, faces, paths, strict=True):
        point = int(np.abs(unit - place).sum(axis=1).argmin())
        group = int(found.group[point])
        red, green, blue = (int(markers.COLOURS[group][0][i : i + 2], 16) / 255 for i in (1, 3, 5))
        assert face[:3] == pytest.approx((red, green, blue))
        assert np.shape(path.vertices)[0] == len(markers.SHAPES[group]) + 1


def test_the_picture_says_what_a_reader_must_know() -> None:
    near = ProjectedText("a $new$ text", "pos", np.zeros((1, 2)), np.array([3, 1]))
    figure = figure_of(panel(placed=(near,), total=900))
    said = " | ".join(words_of(figure))
    for part in ("neg", "pos", "20", "0.83", "0.79", "−0.02", "0.94", "chance", "PC 1", "PC 2", "★ a $new$ text",
                 "2 × pos", "40 of 900 points are shown", "shuffled labels would give 0.50"):  # fmt: skip
        assert part in said
    assert len(clouds(figure, "star")) == 1
    drawn_words = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    assert not any(text.get_parse_math() for text in drawn_words)


def test_small_maps_stand_in_rows_of_layers_and_columns_of_epochs() -> None:
    figure = figure_of(films())
    boxes = [c.axes.get_position() for c in clouds(figure) if c.axes is not None]
    assert len(boxes) == 6
    assert len({round(box.x0, 4) for box in boxes}) == 3 and len({round(box.y0, 4) for box in boxes}) == 2
    said = words_of(figure)
    assert said.count("before training") == said.count("epoch 20") == 2 and {"rnn", "dense"} <= set(said)
    assert said.count("0.83") == 6
    limits = {(c.axes.get_xlim(), c.axes.get_ylim()) for c in clouds(figure) if c.axes is not None}
    assert len(limits) == 1


def test_nothing_has_no_sign_and_a_long_label_is_cut_where_it_is_named() -> None:
    assert [scatter_text.mixing_number(amount) for amount in (-0.004, -0.006, 0.0, None)] == [
        "0.00",
        "−0.01",
        "0.00",
        "–",
    ]
    labels = tuple("x" * 10_000 if k % 2 else "short" for k in range(40))
    near = ProjectedText("new", "y" * 10_000, np.zeros((1, 2)), np.array([1, 2, 3]))
    found = panel(labels=labels, placed=(near,))
    assert scatter_text.tally(found, near) == f"2 × {'x' * 39}…, 1 × short"
    words = Read(html.page([drawn(found)])).words
    assert "x" * 40 not in words and "y" * 40 not in words
    assert not any("x" * 40 in said or "y" * 40 in said for said in words_of(figure_of(found)))


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_continuous_colour_gets_a_bar_and_no_groups(dimensions: int) -> None:
    values = np.linspace(0.5, 1, 40)
    found = panel(40, dimensions, colour="confidence", values=values, groups=(), group=np.array([], dtype=int))
    said = words_of(figure_of(found))
    assert {"confidence", "50.0%", "100%"} <= set(said)
    page = Read(html.page([drawn(found)]))
    assert "50.0%" in page.words and not any("data-group" in a for _, a in page.elements)
    assert page.data[0]["values"][0] == "50.0%"
    steps = unpacked(page.data[0]["sign"], "u1")
    assert steps[0] == 0 and steps[-1] == markers.STEPS - 1 and (np.diff(steps.astype(int)) >= 0).all()


def test_maps_without_labels_excerpts_or_numbers_are_drawn_plain() -> None:
    bare = panel(
        5, maps=(Map("rnn", None, np.eye(5)[:, :2]),), colour=None, groups=(), group=np.array([], dtype=int),
        excerpts=(), labels=(), predictions=(),
        placed=(ProjectedText("new", "pos", np.zeros((1, 2)), np.array([4])),),
    )  # fmt: skip
    page = Read(html.page([drawn(bare)]))
    assert page.data[0]["labels"] is None and page.data[0]["excerpts"] == []
    assert "point 5" in page.words and "chance" not in page.words
    assert len(clouds(figure_of(bare))) == 1


@pytest.mark.parametrize("format", ["svg", "pdf"])
def test_many_points_are_a_picture_within_the_drawing_so_that_the_file_stays_small(format: str) -> None:
    content = picture.image([drawn(panel(25_000))], format)
    assert len(content) < 800_000
    few = picture.image([drawn(panel(50))], format)
    if format == "svg":
        assert b"<image" in content and b"<image" not in few
        assert ET.fromstring(content).tag.endswith("svg")


@pytest.mark.parametrize("dimensions", [2, 3])
def test_hostile_words_are_drawn_in_a_picture(hostile: str, dimensions: int) -> None:
    near = ProjectedText(hostile[:120], hostile, np.zeros((1, dimensions)), np.array([0]))
    found = panel(
        2, dimensions, title=hostile, excerpts=(hostile[:120],) * 2, labels=(hostile,) * 2, groups=(hostile, "b"),
        colour=hostile, notes=(hostile,), axes=(hostile,) * dimensions, placed=(near,),
    )  # fmt: skip
    assert picture.image([drawn(found)], "png", dpi=60).startswith(b"\x89PNG")


def test_one_sentence_says_it_all_where_nothing_can_be_drawn() -> None:
    said = scatter_text.sentence(panel())
    assert said.startswith("PCA in 2 dimensions · 40 points · colour and shape: label · rnn; ")
    assert "same-label neighbours 0.83 in the layer, 0.79 on the map, 0.50 by chance" in said
    assert "6 maps" in scatter_text.sentence(films())


def test_a_drawing_is_the_same_every_time() -> None:
    assert html.page([drawn(films())]) == html.page([drawn(films())])
    assert picture.image([drawn(panel())], "svg") == picture.image([drawn(panel())], "svg")
