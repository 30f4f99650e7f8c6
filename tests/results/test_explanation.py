import hashlib
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from panel_cases import SCORES
from rich.console import Console

import attribkit as ak
from attribkit.render.formats import FORMATS
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import (
    Agreement,
    Band,
    Chart,
    Heatmap,
    HeatmapRow,
    Map,
    Mixing,
    Phrases,
    Prediction,
    ProjectedText,
    Scatter,
    Series,
    Table,
    TokenScores,
    relative_error,
)
from attribkit.results.several_panels import Panels

numbers = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(max_size=8)
# sums of these do not overflow
summable = st.floats(-1e150, 1e150)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def token_scores(draw: st.DrawFn, length: int, numbers: st.SearchStrategy[float] = numbers) -> TokenScores:
    cuts = sorted(draw(st.lists(st.integers(0, length), max_size=12)))
    starts, ends = cuts[0 : len(cuts) // 2 * 2 : 2], cuts[1::2]
    n = len(starts)

    def column(of: st.SearchStrategy[Any]) -> Any:
        return draw(st.lists(of, min_size=n, max_size=n))

    scores = np.array(column(numbers), dtype=float)
    output_text, output_baseline = draw(numbers), draw(numbers)
    phrases = band = None
    if n and draw(st.booleans()):
        windows = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), numbers), max_size=3))
        firsts, lasts = [min(a, b) for a, b, _ in windows], [max(a, b) for a, b, _ in windows]
        phrases = Phrases(np.array(firsts), np.array(lasts), np.array(firsts), np.array([s for *_, s in windows]))
    if draw(st.booleans()):
        band = Band(("pad", draw(words)), np.stack([scores, column(numbers)]), (draw(st.none() | st.booleans()), True))
    true = relative_error(scores, output_text - output_baseline) <= 1e-4
    draws = draw(st.none() | st.integers(0, 300))
    return TokenScores(
        starts=np.array(starts, dtype=np.int64),
        ends=np.array(ends, dtype=np.int64),
        tokens=tuple(column(words)),
        scores=scores,
        known=column(st.booleans()),
        unit=draw(st.sampled_from(["log-odds", "logit", "probability"])),
        target=draw(words),
        method=draw(words),
        baseline=draw(words),
        steps=draw(st.integers(0, 4096)),
        output_text=output_text,
        output_baseline=output_baseline,
        tolerance=1e-4,
        converged=None if draws else draw(st.sampled_from([true, False, None])),
        tokens_total=n + draw(st.integers(0, 5)),
        notes=tuple(draw(st.lists(words, max_size=2))),
        sentence_starts=np.array([0, *range(1, n, 3)] if n and draw(st.booleans()) else [], dtype=np.int64),
        phrases=phrases,
        band=band,
        rule_change=draw(st.none() | numbers.map(abs)),
        path_error=draw(st.none() | numbers.map(abs)),
        draws=draws,
        spread=None if draws is None else np.abs(np.array(column(numbers), dtype=float)),
    )


@st.composite
def charts(draw: st.DrawFn, numbers: st.SearchStrategy[float] = numbers) -> Chart:
    n = draw(st.integers(0, 4))

    def series() -> Series:
        x, y = (np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float) for _ in range(2))
        return Series(draw(words), x, y)

    marks = tuple(draw(st.lists(st.tuples(words, numbers), max_size=2)))
    return Chart(draw(words), draw(words), draw(words), tuple(series() for _ in range(draw(st.integers(1, 3)))), marks)


@st.composite
def heatmaps(draw: st.DrawFn, length: int, numbers: st.SearchStrategy[float] = numbers) -> Heatmap:
    n = draw(st.integers(1, 3)) if length >= 3 else length

    def row(unit: str) -> HeatmapRow:
        return HeatmapRow(draw(words), np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float), unit)

    return Heatmap(
        title=draw(words),
        starts=np.arange(n),
        ends=np.arange(1, n + 1),
        tokens=tuple(draw(words) for _ in range(n)),
        known=np.array([draw(st.booleans()) for _ in range(n)], dtype=bool),
        rows=(HeatmapRow("attention", np.full(n, 1 / max(n, 1)), "weight"), row("log-odds")),
        agreements=(Agreement("a", "b", draw(st.none() | st.floats(-1, 1)), draw(st.none() | st.integers(0, 5)), 5),),
        tokens_total=n + draw(st.integers(0, 2)),
        notes=tuple(draw(st.lists(words, max_size=2))),
    )


@st.composite
def scatters(draw: st.DrawFn) -> Scatter:
    n, dimensions = draw(st.integers(1, 4)), draw(st.integers(2, 3))
    place = st.floats(-1e6, 1e6)

    def points(count: int) -> np.ndarray:
        return np.array([[draw(place) for _ in range(dimensions)] for _ in range(count)])

    mixing = Mixing(1, n, 0.5, draw(st.floats(0, 1)), 0.5, draw(st.none() | st.floats(-1, 1)), None, None)
    maps = tuple(Map(draw(words), epoch, points(n), draw(st.none() | st.just(mixing))) for epoch in (None, 3))
    grouped = draw(st.booleans())
    return Scatter(
        title=draw(words),
        method="pca",
        axes=tuple(f"PC {i + 1}" for i in range(dimensions)),
        maps=maps,
        colour="label" if grouped else "confidence",
        groups=("neg", "pos") if grouped else (),
        group=np.array([draw(st.integers(-1, 1)) for _ in range(n)] if grouped else [], dtype=np.int64),
        values=None if grouped else np.array([draw(st.floats(0, 1)) for _ in range(n)]),
        excerpts=tuple(draw(words) for _ in range(n)),
        labels=(),
        predictions=tuple(draw(words) for _ in range(n)),
        total=n,
        placed=(ProjectedText(draw(words), "pos", points(2), np.array([0])),) if draw(st.booleans()) else (),
        notes=tuple(draw(st.lists(words, max_size=2))),
    )


@st.composite
def tables(draw: st.DrawFn, numbers: st.SearchStrategy[float] = numbers) -> Table:
    columns = tuple(draw(st.lists(words, min_size=1, max_size=3)))
    cell = st.none() | words | st.integers(-(2**53), 2**53) | numbers
    rows = draw(st.lists(st.tuples(*[cell] * len(columns)), max_size=3))
    return Table(draw(words), columns, tuple(rows), tuple(draw(st.lists(words, max_size=1))))


@st.composite
def explanations(draw: st.DrawFn, numbers: st.SearchStrategy[float] = numbers) -> Explanation:
    text = draw(st.text(max_size=30))
    labels = draw(st.lists(words, min_size=1, max_size=3, unique=True))
    probabilities = tuple(draw(st.floats(0, 1)) for _ in labels)
    prediction = Prediction(labels[0], tuple(labels), probabilities, draw(st.none() | words))
    panels: list[Any] = [draw(token_scores(len(text), numbers))]
    others = (charts(numbers), heatmaps(len(text), numbers), scatters(), tables(numbers))
    for other in others:
        if draw(st.booleans()):
            panels.append(draw(other))
    return Explanation(text, prediction, tuple(panels), draw(st.dictionaries(words, plain, max_size=3)))


def horrible(**changes: Any) -> Explanation:
    text = "It was a horrible movie"
    spans = [match.span() for match in re.finditer(r"\w+", text)]
    scores = np.array([0.042, 0.11, -0.05, 2.31, -0.18])
    fields: dict[str, Any] = {
        "starts": [start for start, _ in spans],
        "ends": [end for _, end in spans],
        "tokens": text.lower().split(),
        "scores": scores,
        "known": [True] * 5,
        "tokens_total": 5,
        **SCORES,
        "output_text": scores.sum(),
        "output_baseline": 0.0,
        "converged": True,
    }
    panel = TokenScores(**{**fields, **changes})
    return Explanation(text, Prediction("negative", ("negative", "positive"), (0.9, 0.1)), (panel,), {"model": "m"})


@given(explanations())
@settings(max_examples=60)
def test_json_gives_back_an_equal_explanation_with_floats_bit_for_bit(explanation: Explanation) -> None:
    again = Explanation.from_json(explanation.to_json())
    assert again == explanation
    assert again.token_scores.scores.tobytes() == explanation.token_scores.scores.tobytes()
    for name in ("output_text", "output_baseline"):
        assert getattr(again.token_scores, name).hex() == getattr(explanation.token_scores, name).hex()
    assert again.to_json() == explanation.to_json()


@given(st.lists(explanations(), max_size=3))
@settings(max_examples=20)
def test_json_gives_back_an_equal_list(found: list[Explanation]) -> None:
    assert Explanations.from_json(Explanations(found).to_json()) == Explanations(found)


@given(explanations(summable))
@settings(max_examples=25, deadline=None)
def test_whatever_can_be_explained_can_be_drawn_in_html_latex_and_the_terminal(explanation: Explanation) -> None:
    Console(file=io.StringIO(), width=80).print(explanation)
    for source in (explanation.to_html(), explanation._repr_html_(), explanation.to_latex()):
        source.encode()
        assert "np." not in source or "np." in (explanation.to_json())


@given(explanations(summable))
@settings(max_examples=8, deadline=None)
def test_whatever_can_be_explained_can_be_drawn_as_a_picture(explanation: Explanation) -> None:
    assert explanation.to_png(dpi=30).startswith(b"\x89PNG")


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_suffix_decides_and_the_file_is_whole_and_alone(tmp_path: Path, suffix: str) -> None:
    explanation = horrible()
    for result in (explanation, Explanations([explanation, explanation])):
        path = result.save(tmp_path / f"why{suffix.upper()}")
        content = path.read_bytes()
        start = {".html": b"<!DOCTYPE html>", ".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".json": b"{"}
        assert content.startswith(start.get(suffix, b"% packages:"))
        assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_a_saved_file_loads_to_an_equal_explanation(tmp_path: Path) -> None:
    explanation = horrible()
    assert Explanation.load(explanation.save(tmp_path / "why.json")) == explanation
    both = Explanations([explanation, horrible(target="positive")])
    assert Explanations.load(both.save(str(tmp_path / "both.json"))) == both


@pytest.mark.parametrize("name", ["why.docx", "why", "why.jpeg"])
def test_an_unknown_suffix_is_refused_with_those_supported_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    message = f"one of .html, .png, .svg, .pdf, .json, .tex, got {name!r}; rename it"
    with pytest.raises(ValueError, match=re.escape(message)):
        horrible().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_explanation_is_of_a_text() -> None:
    with pytest.raises(
        TypeError, match=r"text that is explained, got NoneType; put panels of a whole set into attribk"
    ):
        Explanation(text=None, prediction=None, panels=())  # type: ignore[arg-type]


def test_what_an_earlier_version_saved_of_a_whole_set_is_read_as_panels() -> None:
    table = Panels((Table("t", ("a",), ((1,),)),), {"model": "m"})
    envelope = json.loads(table.to_json()) | {"attribkit": "explanation"}
    assert Panels.from_json(json.dumps(envelope)) == table
    with pytest.raises(ValueError, match=r"panels without a text; load it with Panels\.load"):
        Explanation.from_json(json.dumps(envelope))


def test_spans_beyond_the_text_are_refused() -> None:
    with pytest.raises(ValueError, match="must lie in the text of 2 characters, got an end at 23"):
        Explanation("It", None, horrible().panels())
    columns = {
        name: getattr(horrible().token_scores, name) for name in ("starts", "ends", "tokens", "known", "tokens_total")
    }
    panel = Heatmap("t", rows=(HeatmapRow("attention", np.full(5, 0.2), "weight"),), agreements=(), **columns)
    with pytest.raises(ValueError, match="must lie in the text of 2 characters, got an end at 23"):
        Explanation("It", None, (panel,))


def test_what_an_earlier_version_saved_can_still_be_read() -> None:
    envelope = json.loads(horrible().to_json())
    panel = envelope["content"]["panels"][0]
    newer = ("rule_change", "path_error", "draws", "spread", "failed", "verdict")
    for name in ("sentence_starts", "phrases", "band", *newer):
        del panel[name]
    canonical = json.dumps(envelope["content"], sort_keys=True, separators=(",", ":"))
    envelope["sha256"] = hashlib.sha256(canonical.encode()).hexdigest()
    assert Explanation.from_json(json.dumps(envelope)) == horrible()


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "why.html"
    path.write_text("old")
    broken = Explanation("\ud83d", horrible().prediction, (), {})
    with pytest.raises(UnicodeEncodeError, match="surrogates not allowed"):
        broken.save(path)
    assert path.read_text() == "old" and [file.name for file in tmp_path.iterdir()] == ["why.html"]
    with pytest.raises(ValueError, match="at least one explanation to save, got an empty list"):
        Explanations().save(path)
    with pytest.raises(FileNotFoundError, match="does not exist; make it first"):
        horrible().save(tmp_path / "nowhere" / "why.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder; name a file in it"):
        horrible().save(tmp_path / "folder.html")
    assert {file.name for file in tmp_path.iterdir()} == {"why.html", "folder.html"}


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = horrible().save(tmp_path / "why.json")
    path.write_text(path.read_text(encoding="utf-8").replace("2.31", "3.31"), encoding="utf-8")
    with pytest.raises(ValueError, match="was changed after it was saved"):
        Explanation.load(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "text that is not JSON"),
        ("[" * 100_000, "text that is not JSON"),
        ("[1]", "got other JSON"),
        ('{"a": 1}', "got other JSON"),
    ],
)
def test_what_is_no_explanation_is_refused_with_a_sentence(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "why.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        Explanation.load(path)


def test_other_kinds_and_newer_formats_say_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=re.escape("load it with Explanations.load")):
        Explanation.from_json(Explanations([horrible()]).to_json())
    newer = json.loads(horrible().to_json()) | {"format": 99}
    with pytest.raises(ValueError, match="has format 99, this version reads 1 to 4; upgrade attribkit"):
        Explanation.from_json(json.dumps(newer))
    with pytest.raises(FileNotFoundError, match=re.escape("there is no file")):
        Explanation.load(tmp_path / "nothing.json")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=re.escape("binary.json is not UTF-8 text")):
        Explanation.load(tmp_path / "binary.json")


def test_the_table_has_the_words_as_written_and_counts_the_texts() -> None:
    table = horrible().to_frame()
    assert list(table.columns) == ["token", "start", "end", "score", "unit", "target", "known"]
    assert table.token.tolist() == ["It", "was", "a", "horrible", "movie"]
    assert table.score.tolist() == [0.042, 0.11, -0.05, 2.31, -0.18]
    both = Explanations([horrible(), horrible()]).to_frame()
    assert both.columns[0] == "text" and both.text.tolist() == [0] * 5 + [1] * 5
    with pytest.raises(
        ValueError,
        match=re.escape(
            "`level` must be one of 'token', 'word', 'phrase', 'sentence', 'passage', 'window', 'pair', 'text', got "
            "'line'"
        ),
    ):
        horrible().to_frame(level="line")
    with pytest.raises(ValueError, match="at least one explanation to tabulate, got an empty list"):
        Explanations().to_frame()


def test_the_table_holds_the_band_where_there_is_one() -> None:
    scores = horrible().token_scores.scores
    banded = horrible(band=Band(("pad", "unk"), np.stack([scores, scores[::-1]]), (True, True)))
    table = banded.to_frame()
    assert list(table.columns[-2:]) == ["low", "high"]
    assert table.low.tolist() == [-0.18, 0.11, -0.05, 0.11, -0.18]
    assert table.high.tolist() == [0.042, 2.31, -0.05, 2.31, 0.042]
    both = Explanations([banded, horrible()]).to_frame()
    assert both.low.isna().tolist() == [False] * 5 + [True] * 5


def test_the_tables_and_the_json_name_the_criterion_that_failed() -> None:
    moving = horrible(converged=False, rule_change=0.02692)  # of Σ|scores| = 2.692
    (row,) = moving.to_frame("text").to_dict("records")
    assert (row["converged"], row["failed"]) == (False, "stability")
    assert row["relative_change"] == pytest.approx(0.01) and row["relative_error"] == 0
    (panel,) = json.loads(moving.to_json())["content"]["panels"]
    assert (panel["rule_change"], panel["failed"], panel["verdict"]) == (
        0.02692,
        ["stability"],
        moving.token_scores.verdict,
    )
    assert Explanation.from_json(moving.to_json()) == moving
    assert horrible().to_frame("text").failed.tolist() == [None]


def test_the_tables_and_the_json_hold_the_spread_of_the_draws() -> None:
    spread = [0.1, 0.2, 0.3, 0.4, 0.5]
    drawn = horrible(converged=None, draws=300, spread=spread)
    assert drawn.to_frame().spread.tolist() == spread
    (row,) = drawn.to_frame("text").to_dict("records")
    assert (row["converged"], row["draws"]) == (None, 300) and row["relative_spread"] == pytest.approx(1.5 / 2.692)
    assert json.loads(drawn.to_json())["content"]["panels"][0]["spread"] == spread
    assert Explanation.from_json(drawn.to_json()) == drawn
    assert "spread" not in horrible().to_frame()


PHRASES = Phrases(np.array([0, 2, 3]), np.array([1, 4, 3]), np.array([7, 0, 7]), np.array([0.152, -1.6, 0.248]))


def test_the_phrases_are_a_table_with_the_strongest_first() -> None:
    table = horrible(phrases=PHRASES).to_frame(level="phrase")
    assert list(table.columns) == ["phrase", "start", "end", "filter", "score", "share", "unit", "target"]
    assert table.phrase.tolist() == ["a horrible movie", "horrible", "It was"]
    assert list(zip(table.start, table.end, strict=True)) == [(7, 23), (9, 17), (0, 6)]
    assert table["filter"].tolist() == [0, 7, 7]
    assert table.score.tolist() == [-1.6, 0.248, 0.152]
    assert table.share.tolist() == pytest.approx([-0.8, 0.124, 0.076])
    assert set(table.unit) == {"log-odds"} and set(table.target) == {"negative"}
    both = Explanations([horrible(phrases=PHRASES)] * 2).to_frame("phrase")
    assert both.text.tolist() == [0, 0, 0, 1, 1, 1]


def test_each_target_has_shares_of_its_own() -> None:
    first, second = horrible(phrases=PHRASES), horrible(phrases=PHRASES, target="positive")
    table = Explanation(first.text, None, (first.token_scores, second.token_scores)).to_frame("phrase")
    assert table.groupby("target").share.apply(lambda share: share.abs().sum()).tolist() == pytest.approx([1, 1])
    assert table.target.tolist() == ["negative"] * 3 + ["positive"] * 3


def test_phrases_that_are_none_or_weigh_nothing_make_no_nan() -> None:
    nothing = Phrases(np.array([0]), np.array([0]), np.array([0]), np.array([0.0]))
    assert horrible(phrases=nothing).to_frame("phrase").share.tolist() == [0.0]
    places = np.zeros(0, dtype=np.int64)
    none = Phrases(places, places, places, np.zeros(0))
    assert horrible(phrases=none).to_frame("phrase").empty
    message = "known to method='exact' only, got scores by method='integrated-gradients'; explain such a network with"
    with pytest.raises(ValueError, match=re.escape(message)):
        horrible().to_frame("phrase")


def test_the_sentences_are_a_table_in_reading_order() -> None:
    table = horrible(sentence_starts=np.array([0, 3])).to_frame(level="sentence")
    assert list(table.columns) == ["sentence", "start", "end", "score", "tokens", "unit", "target"]
    assert table.sentence.tolist() == ["It was a", "horrible movie"]
    assert list(zip(table.start, table.end, strict=True)) == [(0, 8), (9, 23)]
    assert table.score.tolist() == pytest.approx([0.102, 2.13]) and table.tokens.tolist() == [3, 2]
    with pytest.raises(ValueError, match="was not cut into sentences; explain it anew, or use level='token'"):
        horrible().to_frame("sentence")


def test_an_explanation_without_scores_says_so() -> None:
    with pytest.raises(ValueError, match="holds no token scores"):
        Explanation("a", None, ()).to_frame()


def test_a_text_without_panels_is_still_shown() -> None:
    bare = Explanation("It & was", None, ())
    assert "It &amp; was" in bare.to_html() and bare.to_png(dpi=30) and "It" in bare.to_latex()


def test_provenance_is_what_json_can_hold_and_nothing_else() -> None:
    assert Explanation("a", None, (), {"seeds": (1, 2)}).provenance == {"seeds": [1, 2]}
    with pytest.raises(ValueError, match="not JSON compliant"):
        Explanation("a", None, (), {"loss": math.nan})
    with pytest.raises(TypeError):
        hash(horrible())


def test_lists_of_explanations_stay_lists_of_explanations() -> None:
    both = Explanations([horrible(), horrible(target="positive")])
    assert isinstance(both[:1], Explanations) and isinstance(both[0], Explanation)
    assert repr(both[0]) == "Explanation(text='It was a horrible movie', label='negative', panels=[token_scores])"


def test_print_shows_the_answer_and_the_words_without_codes_where_no_terminal_reads_it() -> None:
    model = ak.load("imdb-cnn")
    why = ak.explain(model, "It was a horrible movie")
    printed = str(why)
    assert printed.startswith("neg 99.6%\nIt was a horrible movie\n") and "horrible +5.57" in printed
    assert "\x1b" not in printed and repr(why).startswith("Explanation(text=")
    both = str(ak.explain(model, ["Good", "Bad"]))
    assert both.count("✓") == 2 and both.startswith("pos ")
