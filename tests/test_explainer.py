"""explain(): what it takes, what it gives, what it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import attribkit as ak
from attribkit.attribution.label_index import Index
from attribkit.errors import InputError
from attribkit.explainer import explain, supported
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.models.model_folder import bundled
from attribkit.results.explanation import Explanation
from attribkit.results.explanations import Explanations
from attribkit.results.panels import Panel, Table
from attribkit.text.settings import TextSettings
from attribkit.text.tokenizer import Tokenizer
from attribkit.views import VIEWS

HOSTILE = {
    "one token": "film",
    "emoji": "a 👨‍👩‍👧 good ❤️ film",
    "right to left": "فيلم جيد film",
    "markup": "<script>alert(1)</script> film",
    "mathematics": "$x_1$ film $\\frac{1}{2}$",
    "padding": "[PAD] film <pad>",
    "NUL": "good\x00film",
    "direction": "film \u202e good",
}


def test_one_text_gives_one_explanation_and_several_a_list(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    one = explain(classifier, "a good film")
    several = explain(classifier, ["a good film", "bad"])
    assert isinstance(one, Explanation)
    assert isinstance(several, Explanations)
    assert isinstance(several, list)
    assert several[0].to_frame()["token"].tolist() == one.to_frame()["token"].tolist()
    assert several[0].token_scores.output_text == pytest.approx(one.token_scores.output_text, rel=1e-5)
    assert explain(classifier, []) == []


def test_the_result_says_what_was_predicted_and_how(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    why = explain(classifier, "a good film", true_label="pos")
    frame = classifier.predict("a good film")
    assert why.prediction is not None
    assert why.prediction.label == frame["label"][0] == why.token_scores.target
    assert why.prediction.probabilities == tuple(frame[["neg", "pos"]].iloc[0])
    assert why.prediction.true_label == "pos"
    assert why.provenance["fingerprint"] == classifier.fingerprint()
    assert why.provenance["versions"]["attribkit"]
    assert explain(classifier, "a good film", true_label="pos") == why


def test_the_table_points_into_the_users_own_text(make_classifier: Callable[..., Classifier]) -> None:
    text = "A  GOOD film!"
    frame = explain(make_classifier(), text).to_frame()
    assert frame["token"].tolist() == ["A", "GOOD", "film", "!"]
    assert [text[s:e] for s, e in zip(frame["start"], frame["end"], strict=True)] == frame["token"].tolist()


def test_a_changed_weight_never_yields_a_stale_score(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("cnn")
    before = explain(classifier, "a good film", target="pos").token_scores
    classifier.network.output.weight.data.mul_(2)
    after = explain(classifier, "a good film", target="pos").token_scores
    assert after.scores.tolist() == pytest.approx((2 * before.scores).tolist(), rel=1e-4)


class Mean(nn.Module):
    def __init__(self, words: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.embedding, self.hidden, self.out = nn.Embedding(words, 4), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.out(self.hidden(self.embedding(ids).mean(1)).tanh())
        return logits


@pytest.mark.parametrize("name", [*bundled(), "attention-rnn", "lstm", "adapted", "adapted lstm"])
def test_weights_edited_through_data_between_two_calls_give_the_scores_of_a_model_read_with_them(
    make_classifier: Callable[..., Classifier], name: str
) -> None:
    def made() -> Classifier:
        if name in bundled():
            return ak.load(name, "cpu")
        model = make_classifier({"adapted": "cnn", "adapted lstm": "lstm"}.get(name, name))
        network = Mean(model.vocabulary_size) if name == "adapted" else model.network
        if name.startswith("adapted"):
            model = ak.Classifier(
                Adapted(network, "ids" if name == "adapted" else "ids, mask"), model.tokenizer, model.labels
            )
        return model

    model, fresh = made(), made()
    texts = ["a good film", "a bad film and a long one"]
    before = [*explain(model, texts), explain(model, texts[0])]
    for number, weight in enumerate(model.network.parameters()):
        weight.data.mul_(1.5 - number % 2)
    fresh.network.load_state_dict(model.network.state_dict())
    after, read = ([*explain(each, texts), explain(each, texts[0])] for each in (model, fresh))
    assert after == read
    for old, new in zip(before, after, strict=True):
        assert not np.allclose(old.scores, new.scores, rtol=0.05)
        assert old.provenance["fingerprint"] != new.provenance["fingerprint"] == model.fingerprint()
        shares = model.predict(str(new.text))[list(model.labels)].iloc[0].tolist()
        assert new.prediction is not None and new.prediction.probabilities == pytest.approx(shares, abs=1e-6)


@pytest.mark.parametrize("architecture", ["cnn", "attention-rnn"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_explained_and_drawn(
    make_classifier: Callable[..., Classifier], architecture: str, name: str
) -> None:
    why = explain(make_classifier(architecture), HOSTILE[name])
    assert len(why.token_scores.tokens) >= 1
    assert why.to_png().startswith(b"\x89PNG")
    assert "<script>" not in why.to_html()
    assert Explanation.from_json(why.to_json()) == why


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\ud83d film", None, 3])
def test_what_cannot_be_explained_is_refused_with_a_sentence(
    make_classifier: Callable[..., Classifier], text: object
) -> None:
    with pytest.raises((ValueError, TypeError), match="text"):
        explain(make_classifier(), text)


def test_a_text_of_fifty_thousand_words_is_read_in_part_and_says_so(
    make_classifier: Callable[..., Classifier],
) -> None:
    why = explain(make_classifier("cnn"), "a good film " * 17_000)
    assert len(why.token_scores.tokens) == 2_000
    assert why.token_scores.tokens_total == 51_000
    assert "51,000" in why.to_html()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"views": ["atribution"]}, "can be attribution.*, got 'atribution'; did you mean 'attribution'"),
        (
            {"views": "atention"},
            "can be attribution, interactions, got 'atention'; 'attention' needs a network with attention",
        ),
        (
            {"views": "attention"},
            "can be attribution, interactions, got 'attention'; 'attention' needs a network with attention",
        ),
        ({"compare": True}, "sets others beside the view 'attention', which is not among attribution"),
        ({"baseline": ["pad", "pad"]}, "must name each baseline once, got 'pad' twice"),
        ({"views": []}, "must name at least one of attribution"),
        ({"target": "posi"}, "one of the labels neg, pos, .* got 'posi'; did you mean 'pos'"),
        ({"target": 2}, "an index below 2, .* got 2"),
        ({"target": ("pos", "pos")}, "two different labels"),
        ({"target": ("pos", "neg", "pos")}, "a pair of two labels .* got 3"),
        ({"true_label": "good"}, "one of the labels neg, pos"),
        ({"true_label": ["pos", "neg"]}, "one label per text, got 2 for 1"),
        ({"target": ("pos", "neg"), "output": "probability"}, "use output='log_odds'"),
        ({"device": "toaster"}, "must name a device"),
    ],
)
def test_options_out_of_range_are_refused(
    make_classifier: Callable[..., Classifier], options: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        explain(make_classifier(), "a good film", **options)


def test_a_network_that_is_no_classifier_is_refused(make_classifier: Callable[..., Classifier]) -> None:
    with pytest.raises(TypeError, match="a Classifier was expected, got TextCNN"):
        explain(make_classifier().network, "a good film")


def test_labels_that_are_numbers_are_found_by_name_first(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier(labels=("1", "2", "0"))
    assert explain(classifier, "a good film", target="0").token_scores.target == "0"
    assert explain(classifier, "a good film", target=0).token_scores.target == "0"
    assert explain(classifier, "a good film", target=Index(0)).token_scores.target == "1"


def test_a_label_called_all_means_itself(make_classifier: Callable[..., Classifier]) -> None:
    assert len(explain(make_classifier(labels=("all", "none")), "a good film", target="all").panels()) == 1


def test_a_truncated_text_keeps_the_side_it_was_told_to(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier()
    classifier.tokenizer = Tokenizer.of(
        classifier.tokenizer.vocabulary,  # type: ignore[attr-defined]
        TextSettings(min_frequency=1, max_length=2, truncate="start"),
    )
    why = explain(classifier, "the worst good film")
    assert why.to_frame()["token"].tolist() == ["good", "film"]
    assert why.token_scores.truncated


def test_every_option_is_checked_whatever_view_is_shown(make_classifier: Callable[..., Classifier]) -> None:
    with pytest.raises(ValueError, match="`output` must be one of log_odds, logit, probability, got 'odds'"):
        explain(make_classifier("attention-rnn"), "a good film", views="attention", output="odds")


def test_the_settings_that_made_a_result_are_written_on_it(make_classifier: Callable[..., Classifier]) -> None:
    classifier = make_classifier("attention-rnn")
    index: Any = np.int64(1)  # numpy's own integer is an index, too
    why = explain(classifier, "a good film", target=index, baseline=("pad", "unk"), batch_size=7, seed=3)
    assert why.provenance["settings"] == {
        "views": ["attribution", "attention"],
        "target": 1,
        "output": "log_odds",
        "method": None,
        "baseline": ["pad", "unk"],
        "tolerance": 1e-4,
        "compare": False,
        "seed": 3,
    }
    pair = explain(classifier, "a good film", target=("pos", 0), views="attribution").provenance["settings"]
    assert pair["target"] == ["pos", 0] and "compare" not in pair


def test_a_view_sees_the_texts_and_what_was_read_of_them(
    make_classifier: Callable[..., Classifier], monkeypatch: pytest.MonkeyPatch
) -> None:
    @dataclass(frozen=True)
    class Lengths:
        """How long each text is: a view of four lines."""

        seed: int = 0
        needs = "nothing"

        def supports(self, classifier: Classifier) -> bool:
            return self.seed > 0

        def __call__(self, classifier: Classifier, reading: EncodedBatch) -> list[list[Panel]]:
            pairs = zip(reading.texts, reading.encoded, strict=True)
            return [[Table("lengths", ("characters", "tokens"), ((len(text), len(one.ids)),))] for text, one in pairs]

    monkeypatch.setitem(VIEWS, "lengths", Lengths)
    assert supported(make_classifier(), seed=1) == ["attribution", "lengths"]
    assert supported(make_classifier()) == ["attribution"]
    rows = explain(make_classifier(), ["a good film", "bad"], views=["lengths"], seed=1)
    assert [row.panels()[0].rows for row in rows] == [((11, 3),), ((3, 1),)]  # type: ignore[union-attr]  # a table
    with pytest.raises(ValueError, match="got 'lengths'; 'lengths' needs nothing"):
        explain(make_classifier(), "bad", views=["lengths"])


def test_strings_of_numpy_become_strings_and_bytes_are_named() -> None:
    model = ak.load("imdb-cnn")
    alone = ak.explain(model, np.str_("a good film"), views="attribution")
    assert type(alone.text) is str and "np.str_" not in repr(alone)
    assert alone.scores.tolist() == ak.explain(model, "a good film", views="attribution").scores.tolist()
    assert [type(why.text) for why in ak.explain(model, np.array(["a film", "bad"]), views="attribution")] == [str, str]
    with pytest.raises(InputError, match="must be a string, got bytes"):
        ak.explain(model, b"a good film")
