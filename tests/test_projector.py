"""project(): maps of real layers, their numbers, their snapshots, and one sentence for every mistake."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from commands import printed
from matplotlib.text import Text

import attribkit as ak
from attribkit.data import load_dataset
from attribkit.data.intake import Rows
from attribkit.data.labelled_texts import LabelledTexts
from attribkit.explainer import supported
from attribkit.models.classifier import Classifier
from attribkit.projection import reference_map
from attribkit.projection.panels import draw, make_maps
from attribkit.projection.settings import MapSettings
from attribkit.projector import keep_reference, project
from attribkit.render import picture
from attribkit.results.explanation import Explanation
from attribkit.results.panels import Heatmap, Scatter, Table
from attribkit.results.projected_maps import ProjectedMaps
from attribkit.results.several_panels import Panels

WORDS = {"pos": ("good", "great", "best"), "neg": ("bad", "horrible", "worst")}
ROWS = [(f"a {word} film {other}", label) for label, words in WORDS.items() for word in words for other in words * 2]
TABLE = pd.DataFrame(ROWS, columns=["text", "label"])


def parts(found: Explanation | ProjectedMaps) -> tuple[Scatter, list[Table]]:
    scatter, *tables = found.panels()
    assert isinstance(scatter, Scatter)
    return scatter, [table for table in tables if isinstance(table, Table)]


def labelled_texts(data: Any, model: Classifier | None = None, **columns: Any) -> LabelledTexts:
    return Rows.of(model, data, **columns).labelled_texts()


@pytest.fixture
def rnn(make_classifier: Callable[..., Classifier]) -> Classifier:
    return make_classifier("attention-rnn")


def test_a_map_has_its_points_labels_numbers_and_tables_and_can_be_saved(rnn: Classifier, tmp_path: Path) -> None:
    found = project(rnn, TABLE, layer="rnn")
    scatter, tables = parts(found)
    assert found.text is None and scatter.method == "pca" and scatter.maps[0].points.shape == (len(ROWS), 2)
    assert scatter.labels == tuple(TABLE["label"]) and scatter.groups == ("neg", "pos")
    assert scatter.excerpts == tuple(TABLE["text"])
    assert scatter.predictions == tuple(rnn.predict(list(TABLE["text"]))["label"])
    assert scatter.maps[0].mixing is not None and scatter.maps[0].mixing.neighbours == 10
    assert "rnn: last of each text's steps" in scatter.notes
    assert [table.title for table in tables] == [
        "Mixing by class, the most mixed first",
        "The most mixed pairs of classes",
        "Texts on the border",
    ]
    assert Panels.load(found.save(tmp_path / "map.json")) == Panels(found.panels(), found.provenance)
    assert project(rnn, TABLE, layer="rnn") == found


def test_layers_share_axes_and_are_ranked_by_mixing(rnn: Classifier) -> None:
    scatter, tables = parts(project(rnn, TABLE, layers=["embedding", "rnn", "output"], colour="error"))
    assert [one.layer for one in scatter.maps] == ["embedding", "rnn", "output"]
    assert scatter.axes == ("axis 1", "axis 2") and scatter.groups == ("right", "wrong")
    agreements = [float(row[2] or 0) for row in tables[0].rows]
    assert tables[0].title == "Layers, the most mixed first" and agreements == sorted(agreements)
    first, *others = (one.points - one.points.mean(0) for one in scatter.maps)
    assert all(np.trace(first.T @ other) >= 0 for other in others)
    np.testing.assert_allclose([np.linalg.norm(other) for other in others], np.linalg.norm(first))


@pytest.mark.parametrize("colour", ["label", "prediction", "error", "confidence"])
def test_points_without_labels_are_drawn_without_their_colour(rnn: Classifier, colour: str) -> None:
    scatter, tables = parts(project(rnn, list(TABLE["text"]), colour=colour))
    assert not tables and scatter.maps[0].mixing is None and scatter.labels == ()
    assert scatter.colour == (colour if colour in ("prediction", "confidence") else None)
    assert (scatter.values is not None) == (colour == "confidence")
    if scatter.colour is None:
        assert "no label is known: the points are not coloured, and no mixing is measured" in scatter.notes


def test_one_class_and_rows_without_label_or_token_are_said(rnn: Classifier) -> None:
    table = TABLE.assign(label="pos")
    table.loc[len(table)] = ["   ", "pos"]
    table.loc[len(table)] = ["a film", None]
    table.loc[len(table)] = [None, "pos"]
    scatter, tables = parts(project(rnn, table))
    assert f"2 of {len(table)} rows were left out, the first is row {len(TABLE)}: it is empty" in scatter.notes
    assert "1 point has no label; the others have one: there is nothing to mix with" in scatter.notes
    whole, _ = parts(project(rnn, TABLE.assign(label="pos")))
    assert "all points have one label: there is nothing to mix with" in whole.notes
    assert scatter.group[-1] == -1 and [table.title for table in tables] == ["Mixing by class, the most mixed first"]


def test_a_sample_is_announced(rnn: Classifier) -> None:
    scatter, _ = parts(project(rnn, TABLE, sample=20, seed=3))
    assert (len(scatter.excerpts), scatter.total) == (20, len(ROWS))
    assert f"20 of {len(ROWS)} texts are shown, drawn with seed 3" in scatter.notes


def test_tokens_are_shown_in_their_sentences(rnn: Classifier) -> None:
    scatter, _ = parts(project(rnn, TABLE, layer="rnn", reduce="tokens", sample=30))
    assert len(scatter.excerpts) == 30 and scatter.total == 30 * 4
    assert all(excerpt.count("‹") == 1 for excerpt in scatter.excerpts)
    alike = "have the label and the prediction of their text, and so are alike within one"
    assert f"tokens {alike}" in scatter.notes
    windows, _ = parts(project(rnn, TABLE, reduce="takens", dimension=2))
    assert "a ‹good film› good" in windows.excerpts and f"windows of tokens {alike}" in windows.notes
    long = "word " * 200 + "<b>end</b> 'x' & y " + "word " * 200
    some, _ = parts(project(rnn, [long, long + " good"], layer="rnn", reduce="tokens"))
    assert max(map(len, some.excerpts)) <= 120


def test_a_new_text_is_marked_with_its_nearest_neighbours(rnn: Classifier) -> None:
    scatter, tables = parts(project(rnn, TABLE, layers=["rnn", "output"], place=["a good film good", "bad"]))
    placed = scatter.placed[0]
    assert placed.points.shape == (2, 2) and len(scatter.placed) == 2
    same = TABLE["text"].tolist().index("a good film good")
    for number, one in enumerate(scatter.maps):
        np.testing.assert_allclose(placed.points[number], one.points[same], atol=1e-5)
    assert TABLE["text"][placed.neighbours[0]] == "a good film good"
    assert tables[-2].title == "The nearest to “a good film good”" and tables[-2].rows[0][:2] == (
        "a good film good",
        "pos",
    )


def with_snapshots(classifier: Classifier) -> Classifier:
    for epoch in (0, 2):
        weights = {name: tensor.clone() for name, tensor in classifier.network.state_dict().items()}
        weights["output.weight"] += epoch
        weights["embedding.weight"] *= 1 + epoch
        classifier.snapshots[epoch] = weights
    return classifier


def test_epochs_are_mapped_on_one_pair_of_axes(rnn: Classifier, tmp_path: Path) -> None:
    model = with_snapshots(rnn)
    before = model.fingerprint()
    model = Classifier.load(model.save(tmp_path / "model"), "cpu")
    assert set(model.snapshots) == {0, 2} and model.fingerprint() == before
    scatter, _ = parts(project(model, TABLE, layers=["rnn", "output"], epochs="all"))
    assert [(one.layer, one.epoch) for one in scatter.maps] == [("rnn", 0), ("rnn", 2), ("output", 0), ("output", 2)]
    assert len({one.mixing for one in scatter.maps}) == 4 and model.fingerprint() == before
    alone, _ = parts(project(model.at_epoch(2), TABLE, layer="rnn"))
    assert alone.maps[0].mixing is not None and scatter.maps[1].mixing is not None
    assert alone.maps[0].mixing.agreement_layer == scatter.maps[1].mixing.agreement_layer
    with pytest.raises(ValueError, match=r"keeps snapshots of the epochs 0, 2, got 1; train it with snapshots=\[…\]"):
        project(model, TABLE, epochs=[0, 1])


def test_epochs_and_layers_stand_in_their_own_order_and_the_last_of_them_is_described(rnn: Classifier) -> None:
    model = with_snapshots(rnn)
    found = project(model, TABLE, layers=["output", "rnn"], epochs=[2, 0, 2], place=["a good film good"])
    scatter, tables = parts(found)
    assert [one.name for one in scatter.maps] == [
        "rnn, before training",
        "rnn, epoch 2",
        "output, before training",
        "output, epoch 2",
    ]
    assert found.provenance["settings"]["epochs"] == [0, 2]
    assert tables[1].notes[0].endswith("points of output, epoch 2")
    assert scatter.predictions == tuple(model.at_epoch(2).predict(list(TABLE["text"]))["label"])
    assert tables[-1].columns[-1] == "distance in output, epoch 2"
    assert tables[-1].rows[0][0] == "a good film good"
    values, new = (
        ak.layer_outputs(model.at_epoch(2), texts, "output")["output"]
        for texts in (list(TABLE["text"]), "a good film good")
    )
    apart = np.sort(np.linalg.norm(values - new, axis=1))[:10]
    np.testing.assert_allclose([float(row[-1] or 0) for row in tables[-1].rows], apart, rtol=1e-3, atol=1e-6)
    assert [scatter.excerpts[point] for point in scatter.placed[0].neighbours] == [row[0] for row in tables[-1].rows]


def test_progress_is_told_step_by_step_and_only_where_it_is_wanted(
    rnn: Classifier, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int, str]] = []
    settings = MapSettings(layers=("rnn", "output"), epochs=(0, 2), batch_size=20)
    make_maps(with_snapshots(rnn), labelled_texts(TABLE), settings, lambda *step: told.append(step))
    assert told == [
        *((done, len(ROWS), "epoch 0: reading") for done in (20, len(ROWS))),
        *((done, len(ROWS), "epoch 2: reading") for done in (20, len(ROWS))),
        (0, 2, "mapping rnn"),
        (1, 2, "mapping output"),
        (2, 2, "mapping"),
    ]
    monkeypatch.setenv("FORCE_COLOR", "1")  # as if stderr were a terminal
    project(rnn, TABLE, progress=True)
    shown = capsys.readouterr()
    assert "mapping" in shown.err and not shown.out
    project(rnn, TABLE, progress=False)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("colour", ["label", "prediction", "error", "confidence"])
def test_maps_of_several_epochs_say_whose_predictions_they_show(rnn: Classifier, colour: str) -> None:
    model = with_snapshots(rnn)
    scatter, _ = parts(project(model, TABLE, epochs="all", colour=colour))
    what = "predictions" if colour == "label" else "colours and predictions"
    assert f"{what} are those of the last epoch, 2, on every map" in scatter.notes
    alone, _ = parts(project(model, TABLE, epochs=[0], colour=colour))
    assert not [note for note in alone.notes if "last epoch" in note]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "rn"}, "did you mean 'rnn'"),
        ({"layer": "rnn", "layers": ["rnn"]}, "give one of them"),
        ({"method": "som"}, "`method` must be 'pca', 'tsne' or 'umap'"),
        ({"colour": "red"}, "`colour` must be one of label, prediction, error, confidence, got 'red'"),
        ({"epochs": "all"}, "needs snapshots, the model keeps none; train it with snapshots"),
        ({"epochs": "first"}, "must be 'all' or a list of epochs, got 'first'"),
        ({"epochs": []}, "must name at least one epoch"),
        ({"data": TABLE[:2]}, "a PCA of 2 dimensions needs at least 3 points, got 2; give more texts"),
        ({"method": "tsne"}, "needs at least 92 points, got 36; lower `perplexity` to 11"),
        ({"neighbours": 0}, "`neighbours` must be at least 1, got 0"),
        ({"umap_neighbours": 1}, "`umap_neighbours` must be at least 2, got 1"),
        ({"sample": 0}, "`sample` must be at least 1, got 0"),
        ({"dimensions": 4}, "`dimensions` must be between 2 and 3, got 4"),
        ({"seed": -1}, "`seed` must be between 0 and 4294967295, got -1"),
        ({"seed": 2**32}, "`seed` must be between 0 and 4294967295, got 4294967296"),
        ({"epochs": [-1]}, "`epochs` must be at least 0, got -1"),
        ({"epochs": 3}, r"the model keeps no snapshots, got 3; train it with snapshots=\[…\]"),
        ({"perplexity": float("nan")}, "`perplexity` must be at least 1, got nan"),
        ({"data": []}, "at least one text that holds a token"),
        ({"data": ["good", "\ud800"]}, "text 1: the text holds a lone surrogate"),
        ({"data": TABLE, "text": "body"}, "no column 'body', only 'text', 'label'; choose one of them with `text`"),
        ({"data": "no-such-set"}, "neither a known data set"),
        ({"reduce": "tokens", "place": "good"}, "makes many points of a text"),
    ],
)
def test_a_mistake_is_one_sentence(rnn: Classifier, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        project(rnn, options.pop("data", TABLE), **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": ["1"]}, "`epochs` must be a whole number, got '1'; give one such as 0"),
        ({"epochs": 1.5}, "`epochs` must be a whole number, got 1.5"),
        ({"epochs": True}, "`epochs` must be a whole number, got True"),
        ({"neighbours": 2.5}, "`neighbours` must be a whole number, got 2.5"),
        ({"umap_neighbours": "15"}, "`umap_neighbours` must be a whole number, got '15'"),
        ({"perplexity": "30"}, "`perplexity` must be a number, got str '30'"),
        ({"sample": "20"}, "`sample` must be a whole number, got '20'"),
        ({"seed": None}, "`seed` must be a whole number, got None"),
        ({"dimensions": 2.0}, "`dimensions` must be a whole number, got 2.0"),
        ({"reduce": "takens", "delay": 1.5}, "`delay` must be a whole number, got 1.5"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_one_sentence(rnn: Classifier, options: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        project(rnn, TABLE, **options)


def test_numpys_whole_numbers_are_whole_numbers(rnn: Classifier) -> None:
    one, six = (np.int64(number) for number in (1, 6))
    numbers: dict[str, Any] = {"sample": six * 3, "seed": one, "neighbours": six, "epochs": np.arange(0, 3, 2)}
    found = project(with_snapshots(rnn), TABLE, **numbers)
    assert (found.provenance["settings"]["seed"], found.provenance["settings"]["epochs"]) == (1, [0, 2])


def test_few_labels_stop_no_map(rnn: Classifier) -> None:
    few = TABLE[::3].assign(label=["pos", "neg", *[None] * 10])
    scatter, tables = parts(project(rnn, few))
    assert scatter.maps[0].mixing is None and not tables and scatter.groups == ("neg", "pos")
    told = "no mixing is measured: 10 neighbours need at least 11 labelled points, there are 2"
    assert told in scatter.notes
    assert parts(project(rnn, few, neighbours=1))[0].maps[0].mixing is not None
    beside, _ = parts(ak.explain(rnn, "a good film", views="projection", reference=few))
    assert told in beside.notes and len(beside.placed) == 1
    rnn.reference = None
    keep_reference(rnn, few)
    carried, _ = parts(ak.explain(rnn, "a good film", views="projection"))
    assert told in carried.notes and len(carried.placed) == 1
    rnn.reference = None


def test_what_is_no_model_or_no_data_is_refused(rnn: Classifier) -> None:
    with pytest.raises(TypeError, match="a Classifier was expected, got str; load one"):
        project("imdb-cnn", TABLE)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(TypeError, match="must be a Dataset, a table, a list of texts"):
        project(rnn, 3)
    with pytest.raises(TypeError, match="text 1: a text must be a string, got int"):
        project(rnn, ["good", 3])


def test_data_comes_in_every_form_that_users_have(tmp_path: Path, make_classifier: Callable[..., Classifier]) -> None:
    other = make_classifier(labels=("calm", "wild"))
    dataset = load_dataset(TABLE, test=0.3, validation=0)
    assert labelled_texts(dataset).texts == tuple(dataset.test["text"])
    TABLE.to_csv(tmp_path / "reviews.csv", index=False)
    assert labelled_texts(tmp_path / "reviews.csv").labels == tuple(TABLE["label"])
    assert labelled_texts(tmp_path / "reviews.csv").notes == ("the texts are all rows of reviews.csv",)
    TABLE[["text"]].to_csv(tmp_path / "texts.csv", index=False)
    assert labelled_texts(tmp_path / "texts.csv").labels == ()
    assert labelled_texts(tmp_path / "texts.csv").texts == tuple(TABLE["text"])
    renamed = TABLE.rename(columns={"text": "body", "label": "mark"})
    assert labelled_texts(renamed, text="body", label="mark").labels == tuple(TABLE["label"])
    renamed.to_csv(tmp_path / "renamed.csv", index=False)
    for given in (renamed, tmp_path / "renamed.csv"):
        assert labelled_texts(given, text="body").labels == tuple(TABLE["label"])
        assert labelled_texts(given, other, text="body").labels == ()  # it knows none of these labels


def test_explain_marks_a_text_among_reference_texts(rnn: Classifier) -> None:
    found = ak.explain(rnn, "a good film good", views=["projection"], reference=TABLE)
    scatter, tables = parts(found)
    assert scatter.placed[0].excerpt == "a good film good"
    assert not tables and scatter.excerpts[scatter.placed[0].neighbours[0]] == "a good film good"
    several = ak.explain(rnn, ["good", "bad"], views="projection", reference=TABLE)
    assert [parts(one)[0].placed[0].excerpt for one in several] == ["good", "bad"]
    assert ak.explain(rnn, [], views="projection", reference=TABLE) == []
    with pytest.raises(ValueError, match="needs texts to place others among: give `reference=data`"):
        ak.explain(rnn, "good", views="projection")


def test_many_texts_are_placed_in_batches_each_where_it_lies_alone(
    rnn: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"a {word} film" for word in ("good", "bad", "best", "worst") for _ in range(10)]
    alone, _ = parts(ak.explain(rnn, texts[1], views="projection", reference=TABLE))
    batches: list[int] = []
    attend = rnn.network.attend

    def forward(ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batches.append(len(ids))
        return attend(ids, mask)[0]

    monkeypatch.setattr(rnn.network, "forward", forward)
    several = ak.explain(rnn, texts, views="projection", reference=TABLE)
    assert len(batches) < 10 and batches.count(len(texts)) == 2  # to predict, to place
    assert [len(parts(one)[0].placed) for one in several] == [1] * len(texts)
    np.testing.assert_allclose(parts(several[1])[0].placed[0].points, alone.placed[0].points, atol=1e-6)
    batches.clear()
    ak.explain(rnn, texts, views="projection", reference=TABLE, batch_size=5)
    assert max(batches) <= 5


@pytest.mark.parametrize(
    "how", [{"method": "pca"}, {"method": "umap", "umap_neighbours": 5}, {"method": "tsne", "perplexity": 5}]
)
def test_a_text_is_placed_alone_where_it_is_placed_in_company(rnn: Classifier, how: dict[str, Any]) -> None:
    texts = ["a good film", "bad", "the best of all the shows that I have seen in many a year " * 4, "worst show"]
    company, _ = parts(project(rnn, TABLE, layer="rnn", place=texts, **how))
    spread = company.maps[0].points.std()
    about = [note for note in company.notes if "stands about where its nearest neighbours stand" in note]
    assert len(about) == (how["method"] != "pca")  # there a place is exact
    assert not any(note in about for note in parts(project(rnn, TABLE, layer="rnn", **how))[0].notes)
    for text, placed in zip(texts, company.placed, strict=True):
        alone, _ = parts(project(rnn, TABLE, layer="rnn", place=text, **how))
        np.testing.assert_array_equal(alone.maps[0].points, company.maps[0].points)
        np.testing.assert_allclose(alone.placed[0].points, placed.points, atol=1e-5 * spread)
        np.testing.assert_array_equal(alone.placed[0].neighbours, placed.neighbours)


def test_the_first_use_leaves_pythons_random_state_as_it_was() -> None:
    code = (
        "import random\nbefore = random.getstate()\nimport attribkit as ak\n"
        "ak.explain(ak.load('imdb-cnn', 'cpu'), 'a good film')\n"
        "ak.project(ak.load('imdb-cnn', 'cpu'), [f'a film {i}' for i in range(20)], method='tsne', perplexity=5)\n"
        "print(random.getstate() == before)"
    )
    assert printed(code) == "True"


def test_a_model_carries_reference_points_only_if_asked_and_while_they_fit(rnn: Classifier, tmp_path: Path) -> None:
    def kinds(model: Classifier) -> set[str]:
        return {panel.kind for panel in ak.explain(model, "a good film", views="all").panels()}

    rnn.save(tmp_path / "without")
    assert not (tmp_path / "without" / "reference.safetensors").exists() and "scatter" not in kinds(rnn)
    reference = keep_reference(rnn, TABLE, layer="rnn", source="sentences of our own")
    model = Classifier.load(rnn.save(tmp_path / "with"), "cpu")
    assert model.reference is not None and model.reference.to_bytes() == reference.to_bytes()
    scatter, _ = parts(ak.explain(model, "a good film good", views="projection"))
    assert "the points are sentences of our own" in scatter.notes
    assert scatter.excerpts[scatter.placed[0].neighbours[0]] == "a good film good"
    direct, _ = parts(project(model, TABLE, layer="rnn", place="a good film good"))
    np.testing.assert_allclose(scatter.maps[0].points, direct.maps[0].points, atol=1e-4)
    np.testing.assert_allclose(scatter.placed[0].points, direct.placed[0].points, atol=1e-4)
    assert "scatter" in kinds(model)
    with torch.no_grad():
        model.network.output.bias += 1
    assert "scatter" not in kinds(model)


@pytest.mark.parametrize("name", ["imdb-cnn", "imdb-attention-rnn"])
def test_bundled_models_place_a_text_with_no_data_at_hand(name: str) -> None:
    model = Classifier.load(name, "cpu")
    scatter, _ = parts(ak.explain(model, "It was a horrible movie", views="projection"))
    assert len(scatter.excerpts) == 300 and scatter.placed[0].prediction == "neg"
    own = {text for table in (load_dataset("demo").train, load_dataset("demo").validation) for text in table["text"]}
    own |= set(load_dataset("demo").test["text"])
    beginnings = {text[:100] for text in own}
    assert all(excerpt[:100] in beginnings for excerpt in scatter.excerpts)
    assert set(scatter.labels) == {"neg", "pos"}


@pytest.mark.parametrize("name", ["imdb-cnn", "imdb-attention-rnn"])
def test_every_view_a_model_supports_stands_on_one_page_and_in_one_picture(name: str) -> None:
    model = Classifier.load(name, "cpu")
    shown = ["token_scores", *(["heatmap"] if model.capabilities.attention else [])]
    assert [panel.kind for panel in ak.explain(model, "It was a horrible movie").panels()] == shown
    why = ak.explain(model, "It was a horrible movie", views=[*supported(model), "projection"])
    expected = ["token_scores", *(["heatmap"] if model.capabilities.attention else []), "scatter"]
    assert [panel.kind for panel in why.panels()] == expected
    page, drawn = why.to_html(), picture.figure([why])
    written = " ".join(text.get_text() for text in drawn.findobj(Text) if isinstance(text, Text))
    said = [
        "scores sum to the model’s output",
        *(panel.title for panel in why.panels() if isinstance(panel, Heatmap | Scatter)),
    ]
    assert len(said) == len(why.panels()) and all(one in written for one in said)
    folded = [
        "scores sum to the model’s output",
        *(["its attention, from 0 to"] if "heatmap" in shown else []),
        said[-1],
    ]
    assert all(one in page for one in folded)
    assert page.count("</html>") == 1 and why.to_png().startswith(b"\x89PNG")


def test_the_map_a_model_carries_is_drawn_once_and_anew_for_another_reference(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = make_classifier()
    drawn: list[Any] = []

    def draw_counted(*given: Any) -> Any:
        drawn.append(given)
        return draw(*given)

    keep_reference(model, TABLE)
    monkeypatch.setattr(reference_map, "draw", draw_counted)
    first, again = (reference_map.map_reference(model) for _ in range(2))
    assert len(drawn) == 1 and again.scatter is first.scatter
    other = model.copy()
    assert reference_map.map_reference(other).panels[0].model is other and len(drawn) == 1
    model.network.output.weight.data[0] += 1
    with pytest.raises(ValueError, match="the model has changed since the one it carries was made"):
        reference_map.map_reference(model)
    keep_reference(model, TABLE)
    assert reference_map.map_reference(model).scatter is not first.scatter and len(drawn) == 2
