"""The title of a page and the heading of a picture with several labels a text: what is explained, and nothing cut."""

from collections.abc import Callable
from pathlib import Path

import attribkit as ak
from attribkit.models.classifier import Classifier

TEXT = "A good film, but a dull and horrible plot"
LABELS = ("plot", "humour", "cast", "music")


def several(make: Callable[..., Classifier], shift: float = 0.0) -> Classifier:
    made = make(labels=LABELS)
    made.network.output.bias.data += shift
    return Classifier(made.network, made.tokenizer, LABELS, task="multilabel", name="topics")


def test_the_title_names_the_label_that_is_explained(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    model = several(make_classifier)
    html = ak.explain(model, TEXT, target="cast", views="attribution").save(tmp_path / "why.html").read_text()
    assert "<title>Why “cast”?</title>" in html and "topics predicts music, plot; for “cast” speak" in html
    every = ak.explain(model, TEXT, target="all", views="attribution").save(tmp_path / "all.html").read_text()
    assert "<title>Why “plot”, “humour”, “cast” and 1 more?</title>" in every


def test_where_no_label_holds_none_is_quoted_and_nothing_is_cut(
    make_classifier: Callable[..., Classifier], tmp_path: Path
) -> None:
    why = ak.explain(several(make_classifier, -50.0), TEXT, views="attribution")
    html = why.save(tmp_path / "why.html").read_text()
    assert "predicts no label; for “music”" in html and "“no label”" not in html
    drawn = why.save(tmp_path / "why.svg").read_text()
    assert "0 of 4 labels" in html and "0 of 4 la…" not in drawn
