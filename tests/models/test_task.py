"""A model's task: one label, several that hold or not by themselves, or a number; kept, predicted and explained so."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import attribkit as ak
from attribkit.attribution.registry import METHODS
from attribkit.errors import InputError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Pairs, TokenScores
from attribkit.text import WordIndex

TEXTS = ["a good film with a great story", "it was a horrible movie", "such a great show , a delight"]
LABELS = ("plot", "humour", "cast", "music")
ARCHITECTURES = ("cnn", "attention-rnn", "lstm")
Make = Callable[..., Classifier]


def several(make: Make, architecture: str = "cnn") -> Classifier:
    """A model of four labels that hold or not, in float64."""
    made = make(architecture, LABELS)
    return Classifier(made.network.double(), made.tokenizer, LABELS, task="multilabel", name="several")


def scored(why: ak.Explanation) -> list[TokenScores]:
    return [panel for panel in why.panels() if isinstance(panel, TokenScores)]


def number(make: Make, architecture: str = "cnn") -> Classifier:
    """A regression whose number has the unit stars, in float64."""
    made = make(architecture)
    made.network.output = nn.Linear(made.network.output.in_features, 1)
    return Classifier(made.network.double().eval(), made.tokenizer, ("rating",), task="regression", unit="stars")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_label_has_the_sigmoid_of_its_own_logit(make_classifier: Make, architecture: str) -> None:
    model = several(make_classifier, architecture)
    logits = model.logits(model.ids(TEXTS))
    assert np.allclose(model.probabilities(TEXTS), 1 / (1 + np.exp(-logits)), atol=1e-15)
    frame = model.predict(TEXTS)
    assert frame.columns.tolist() == ["text", "label", *LABELS]
    for row, names in zip(logits, frame["label"], strict=True):
        assert set(names) == {label for label, logit in zip(LABELS, row, strict=True) if logit >= 0}
        assert list(names) == sorted(names, key=lambda name: -row[LABELS.index(name)])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_regression_predicts_the_networks_own_number(make_classifier: Make, architecture: str) -> None:
    model = number(make_classifier, architecture)
    frame = model.predict(TEXTS)
    assert frame.columns.tolist() == ["text", "label"]
    assert frame["label"].tolist() == model.logits(model.ids(TEXTS))[:, 0].tolist()
    with pytest.raises(InputError, match="gives a number and no probabilities"):
        model.probabilities(TEXTS)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("output", "unit"), [(None, "log-odds"), ("logit", "logit"), ("probability", "probability")])
def test_the_scores_of_a_label_add_up_to_its_own_output(
    make_classifier: Make, architecture: str, output: str | None, unit: str
) -> None:
    model = several(make_classifier, architecture)
    whys = ak.explain(model, TEXTS, views="attribution", target="all", output=output, tolerance=1e-6)
    shares = model.probabilities(TEXTS)
    logits = model.logits(model.ids(TEXTS))
    for why, share, logit in zip(whys, shares, logits, strict=True):
        panels = scored(why)
        assert [panel.target for panel in panels] == list(LABELS)
        for place, panel in enumerate(panels):
            expected = share[place] if output == "probability" else logit[place]
            assert panel.unit == unit and panel.converged
            assert panel.output_text == pytest.approx(expected, abs=1e-12)
            assert panel.total == pytest.approx(panel.output_text - panel.output_baseline, abs=1e-5)


def test_the_closed_form_of_a_sigmoid_is_the_limit_of_the_quadrature(make_classifier: Make) -> None:
    model = several(make_classifier)
    exact, nested = (
        ak.explain(model, TEXTS, views="attribution", output="probability", method=method, tolerance=1e-7)
        for method in ("exact", "quadrature")
    )
    for one, two in zip(exact, nested, strict=True):
        assert np.abs(one.scores - two.scores).max() < 1e-6
    assert exact[0].token_scores.method == "exact"


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("random",)])
@pytest.mark.parametrize("kind", ["several", "number"])
def test_every_method_explains_every_task(make_classifier: Make, method: str, kind: str) -> None:
    model = (several if kind == "several" else number)(make_classifier)
    why = ak.explain(model, TEXTS[1], views="attribution", method=method)
    assert np.isfinite(why.scores).all() and why.scores.any()
    assert why.token_scores.unit == ("log-odds" if kind == "several" else "stars")


def test_the_default_target_is_the_likeliest_label_and_the_first_five_can_be_asked_for(make_classifier: Make) -> None:
    model = several(make_classifier)
    logits = model.logits(model.ids(TEXTS))
    for why, row in zip(ak.explain(model, TEXTS), logits, strict=True):
        assert why.label == why.token_scores.target == LABELS[int(row.argmax())]
    for why, row in zip(ak.explain(model, TEXTS, target="top3", views="attribution"), logits, strict=True):
        assert [panel.target for panel in scored(why)] == [LABELS[place] for place in np.argsort(-row)[:3]]
    assert len(ak.explain(model, TEXTS[0], target="top5", views="attribution").panels()) == len(LABELS)


def test_a_pair_of_labels_is_the_difference_of_their_log_odds(make_classifier: Make) -> None:
    model = several(make_classifier)
    both = ak.explain(model, TEXTS[0], views="attribution", target=("plot", "cast")).scores
    plot, cast = (ak.explain(model, TEXTS[0], views="attribution", target=name).scores for name in ("plot", "cast"))
    assert np.allclose(both, plot - cast, atol=1e-9)


def test_interactions_of_a_label_and_of_a_number(make_classifier: Make) -> None:
    for model in (several(make_classifier), number(make_classifier)):
        why = ak.explain(model, TEXTS[1], views="interactions")
        (pairs,) = why.panels()
        assert isinstance(pairs, Pairs) and pairs.unit in ("log-odds", "stars") and len(pairs.values)


def test_what_a_task_does_not_have_is_refused(make_classifier: Make) -> None:
    model = number(make_classifier)
    with pytest.raises(InputError, match="has one output, its number in stars"):
        ak.explain(model, TEXTS[0], output="probability")
    with pytest.raises(InputError, match="`target` must be one of the labels rating"):
        ak.explain(model, TEXTS[0], target="pos")
    with pytest.raises(InputError, match="output='value' is the number of a regression, this model is multilabel"):
        ak.explain(several(make_classifier), TEXTS[0], output="value")
    with pytest.raises(InputError, match="`task` must be one of multiclass, multilabel, regression, got 'multilable'"):
        Classifier(model.network, model.tokenizer, ("a",), task="multilable")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one name, of the number that is predicted"):
        Classifier(model.network, model.tokenizer, ("a", "b"), task="regression")
    with pytest.raises(InputError, match="`unit` is that of a regression's number"):
        Classifier(model.network, model.tokenizer, ("a", "b"), unit="stars")


def test_a_model_folder_keeps_the_task(make_classifier: Make, tmp_path: Path) -> None:
    for model in (several(make_classifier), number(make_classifier)):
        if model.task == "regression":
            made = make_classifier()
            settings = dict(vars(made.network.settings)) | {"classes": 1}
            network = type(made.network)(type(made.network.settings)(**settings)).eval()
            model = Classifier(network, made.tokenizer, ("rating",), task="regression", unit="stars")
        again = Classifier.load(model.save(tmp_path / model.task))
        assert (again.task, again.unit, again.labels) == (model.task, model.unit, model.labels)
        assert again.predict(TEXTS).equals(Classifier.load(tmp_path / model.task).predict(TEXTS))
        assert model.task in repr(again)
    words = {"multilabel": "each of which holds or not by itself", "regression": "a number in stars"}
    for task, sentence in words.items():
        assert sentence in (tmp_path / task / "README.md").read_text()


def test_the_task_is_part_of_the_fingerprint(make_classifier: Make) -> None:
    made = make_classifier("cnn", LABELS)
    one = Classifier(made.network, made.tokenizer, LABELS)
    other = Classifier(made.network, made.tokenizer, LABELS, task="multilabel")
    assert one.fingerprint() == made.fingerprint() != other.fingerprint()


WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}


class Mean(nn.Module):
    """The mean of embeddings, a linear layer, and whatever comes last."""

    def __init__(self, last: Callable[[Tensor], Tensor], outputs: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words, self.linear = nn.Embedding(9, 8), nn.Linear(8, outputs)
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        return self.last(3 * self.linear(self.words(x).mean(1)))


@pytest.mark.parametrize("said", [None, "probability", "logit"])
@pytest.mark.parametrize("ends", ["sigmoid", "nothing"])
def test_other_peoples_sigmoids_are_taken_as_declared(said: str | None, ends: str) -> None:
    if (said, ends) == ("probability", "nothing"):
        pytest.skip("logits that are called probabilities are not these")
    network = Mean(torch.sigmoid if ends == "sigmoid" else nn.Identity(), 3)
    model = Classifier(Adapted(network, outputs=said, task="multilabel"), WordIndex(WORDS), ("a", "b", "c"))  # type: ignore[arg-type]
    assert model.task == "multilabel"
    ids = torch.tensor([[WORDS[word] for word in "the film was bad".split()]])
    own = network(ids) if ends == "sigmoid" else network(ids).sigmoid()
    assert np.allclose(model.probabilities(["the film was bad"]), own.detach().numpy(), atol=1e-6)
    assert ak.explain(model, "the film was bad", views="attribution").token_scores.converged


def test_other_peoples_numbers_are_their_own() -> None:
    network = Mean(lambda outputs: 100 + outputs.squeeze(1), 1)
    model = Classifier(Adapted(network, task="regression"), WordIndex(WORDS), ("price",), unit="€")
    own = network(torch.tensor([[WORDS["bad"]]])).item()
    assert model.predict("bad")["label"].item() == pytest.approx(own)
    why = ak.explain(model, "the film was bad", views="attribution")
    assert why.token_scores.unit == "€" and why.token_scores.converged and why.value is not None


def test_what_does_not_go_with_the_declared_task_says_the_cure() -> None:
    with pytest.raises(InputError, match="say so with task='multilabel'"):
        Classifier(Adapted(Mean(torch.sigmoid, 3)), WordIndex(WORDS), ("a", "b", "c")).predict("bad")
    with pytest.raises(InputError, match="ends in a softmax, so that its labels exclude each other"):
        softmax = Adapted(Mean(nn.Softmax(1), 3), task="multilabel")
        Classifier(softmax, WordIndex(WORDS), ("a", "b", "c")).predict("bad")
    with pytest.raises(InputError, match="`outputs` is 'logit' or 'probability' of each label, got 'logits'"):
        Adapted(Mean(nn.Identity(), 3), outputs="logits", task="multilabel")
    with pytest.raises(InputError, match="give Adapted\\(…, task='multilabel'\\)"):
        Classifier(Adapted(Mean(nn.Identity(), 3)), WordIndex(WORDS), ("a", "b", "c"), task="multilabel")


def test_true_answers_are_shown_by_task(make_classifier: Make) -> None:
    model = several(make_classifier)
    why = ak.explain(model, TEXTS[0], true_label=["plot", "cast"])
    assert why.prediction is not None and why.prediction.true_label == ("plot", "cast")
    assert why.prediction.right == (set(why.prediction.predicted) == {"plot", "cast"})
    whys = ak.explain(model, TEXTS, true_label=[["plot"], [], "music"])
    assert [why.prediction.true_label for why in whys if why.prediction] == [("plot",), (), ("music",)]
    why = ak.explain(number(make_classifier), TEXTS[0], true_label=4)
    assert why.prediction is not None and why.prediction.true_label == 4.0 and why.prediction.right is None
    assert ak.Explanation.from_json(why.to_json()) == why
    with pytest.raises(TypeError, match="`true_label` must be a number"):
        ak.explain(number(make_classifier), TEXTS[0], true_label="good")


@pytest.mark.parametrize("kind", ["several", "number"])
def test_every_format_says_what_is_predicted(make_classifier: Make, tmp_path: Path, kind: str) -> None:
    model = (several if kind == "several" else number)(make_classifier)
    whys = ak.explain(model, TEXTS, true_label=[["plot"], [], "music"] if kind == "several" else [1.5, -2.0, 0.0])
    wanted = str(whys[0].prediction.predicted[0]) if kind == "several" and whys[0].prediction else "stars"
    for why in (whys[0], whys):
        for suffix in (".html", ".png", ".svg", ".json", ".tex"):
            path = why.save(tmp_path / f"why{suffix}")
            if suffix in (".html", ".tex"):
                assert wanted in path.read_text()
    assert wanted in whys[0].summary()
    frame = whys.to_frame("text")
    assert ("probability" in frame) and frame["label"].tolist() == model.predict(TEXTS)["label"].tolist()
