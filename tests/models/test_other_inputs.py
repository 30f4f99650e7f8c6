"""Networks with more than one input: the others stay as they are, are said, and have scores where they are embedded."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import Tensor, nn

import attribkit as ak
from attribkit.errors import InputError, NetworkError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.results.panels import Scatter, Table
from attribkit.text import WordIndex

WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}
TEXTS = ["the film was not very good", "bad", "not good", "the film was not very good"]
NUMBERS = np.random.default_rng(0).normal(size=(4, 3))
SECONDS = ["not bad", "the very good film", "bad film", "good"]


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(3)
            self.words = nn.Embedding(9, 8)
            self.build()

    def build(self) -> None:
        """Layers of its own."""


class WithNumbers(Own):
    def build(self) -> None:
        self.rnn, self.out = nn.GRU(8, 8, batch_first=True), nn.Linear(11, 2)

    def forward(self, x: Tensor, numbers: Tensor) -> Tensor:
        state = self.rnn(self.words(x))[1][0]
        return 4 * self.out(torch.cat((state * numbers.sum(1, keepdim=True), numbers), 1))


class TwoTexts(Own):
    """Both are looked up in one layer."""

    def build(self) -> None:
        self.rnn, self.out = nn.GRU(8, 8, batch_first=True), nn.Linear(24, 2)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        one, two = (self.rnn(self.words(text))[1][0] for text in (first, second))
        return 4 * self.out(torch.cat((one, two, one * two), 1))


class Characters(Own):
    """The characters of each word, (B, T, L), flattened for their own layer."""

    def build(self) -> None:
        self.letters, self.convolution = nn.Embedding(30, 4, padding_idx=0), nn.Conv1d(4, 6, 3, padding=1)
        self.rnn, self.out = nn.LSTM(14, 8, batch_first=True), nn.Linear(8, 2)

    def forward(self, x: Tensor, chars: Tensor) -> Tensor:
        texts, words, letters = chars.shape
        spelt = self.letters(chars.view(texts * words, letters)).transpose(1, 2)
        spelt = self.convolution(spelt).tanh().mean(2).view(texts, words, 6)
        return 4 * self.out(self.rnn(torch.cat((self.words(x), spelt), 2))[1][0][0])


class Category(Own):
    """A category, embedded, and a number that is not."""

    def build(self) -> None:
        self.kinds, self.out = nn.Embedding(5, 4), nn.Linear(13, 2)

    def forward(self, x: Tensor, kind: Tensor, stars: Tensor) -> Tensor:
        joined = (self.words(x).tanh().mean(1), self.kinds(kind), stars.unsqueeze(1))
        return self.out(torch.cat(joined, 1).tanh())


def model(network: nn.Module, *also: str, **options: Any) -> Classifier:
    return Classifier(Adapted(network.eval(), also=also, **options), WordIndex(WORDS), ("neg", "pos"))


def ids(text: str) -> Tensor:
    return torch.tensor([[WORDS[word] for word in text.split()]])


def letters(text: str) -> np.ndarray:
    spelt = np.random.default_rng(len(text)).integers(1, 30, (len(text.split()), 5))
    spelt[0, 3:] = 0
    return spelt


def by_captum(network: nn.Module, layer: nn.Module, given: tuple[Tensor, ...], moved: int) -> np.ndarray:
    """Integrated gradients of the log-odds of "pos" from padding, 2,000 steps in float64, the other inputs fixed."""
    network = network.double()
    given = tuple(part.double() if part.is_floating_point() else part for part in given)
    order = [moved, *(place for place in range(len(given)) if place != moved)]

    def log_odds(*shuffled: Tensor) -> Tensor:
        placed: list[Tensor] = [shuffled[0]] * len(given)
        for place, part in zip(order, shuffled, strict=True):
            placed[place] = part
        logits = network(*placed)
        return logits[:, 1] - logits[:, 0]

    start, *fixed = (given[place] for place in order)
    scores = LayerIntegratedGradients(log_odds, layer).attribute(
        start,
        baselines=torch.zeros_like(start),
        additional_forward_args=tuple(fixed),
        n_steps=2_000,
        internal_batch_size=200,
    )
    network.float()
    return scores.sum(-1).reshape(-1).numpy()


def by_hand(network: TwoTexts, *texts: Tensor, moved: int, nodes: int = 2_000) -> np.ndarray:
    """Integrated gradients by the vectors of one of two texts, by the midpoint rule in float64."""
    network = network.double()
    end, start = network.words.weight[texts[moved]].detach(), network.words.weight[0].detach()
    alphas = ((torch.arange(nodes) + 0.5) / nodes).double()[:, None, None]
    points = (start + alphas * (end - start)).requires_grad_()
    states = [network.rnn(network.words(text))[1][0].expand(nodes, -1) for text in texts]
    states[moved] = network.rnn(points)[1][0]
    logits = 4 * network.out(torch.cat((*states, states[0] * states[1]), 1))
    (gradients,) = torch.autograd.grad((logits[:, 1] - logits[:, 0]).sum(), points)
    scores = ((end - start) * gradients.mean(0)).sum(2)[0].detach().numpy()
    network.float()
    return scores


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "numbers": (WithNumbers, {"numbers": list(NUMBERS)}),
    "two texts": (TwoTexts, {"second": SECONDS}),
    "characters": (Characters, {"chars": [letters(text) for text in TEXTS]}),
    "category": (Category, {"kind": [0, 3, 1, 4], "stars": [0.5, -1.0, 2.0, 0.0]}),
}


def tensors(also: dict[str, list[Any]], row: int) -> list[Tensor]:
    values = [ids(column[row]) if isinstance(column[row], str) else column[row] for column in also.values()]
    made = [value if isinstance(value, Tensor) else torch.as_tensor(np.asarray(value))[None] for value in values]
    return [value.float() if value.is_floating_point() else value for value in made]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, Classifier, dict[str, list[Any]]]:
    family, also = CASES[request.param]
    network = family()
    return network, model(network, *also, embedding=network.words), also


def test_predictions_are_the_networks_own(case: tuple[nn.Module, Classifier, dict[str, list[Any]]]) -> None:
    network, classifier, also = case
    shown = classifier.predict(TEXTS, also=also)["pos"]
    for row, text in enumerate(TEXTS):
        with torch.no_grad():
            own = network(ids(text), *tensors(also, row)).softmax(1)[0, 1]
        assert shown[row] == pytest.approx(float(own), abs=1e-6)
        single = {name: column[row] for name, column in also.items()}
        assert classifier.predict(text, also=single)["pos"][0] == pytest.approx(float(own), abs=1e-6)
    columns = pd.DataFrame({"text": TEXTS, **also})
    np.testing.assert_array_equal(classifier.predict(columns)["pos"], shown)


def test_scores_of_the_text_are_captums_with_the_others_fixed(
    case: tuple[nn.Module, Classifier, dict[str, list[Any]]],
) -> None:
    network, classifier, also = case
    together = ak.explain(classifier, TEXTS, also=also, target="pos", views="attribution")
    for row, (text, why) in enumerate(zip(TEXTS, together, strict=True)):
        if isinstance(network, TwoTexts):  # captum's hook would feed both calls of the one layer
            right = by_hand(network, ids(text), *tensors(also, row), moved=0)
        else:
            right = by_captum(network, network.get_submodule("words"), (ids(text), *tensors(also, row)), 0)
        assert why.token_scores.converged
        np.testing.assert_allclose(why.scores, right, atol=1e-3 * np.abs(right).sum())
        single = {name: column[row] for name, column in also.items()}
        alone = ak.explain(classifier, text, also=single, target="pos", views="attribution")
        np.testing.assert_array_equal(alone.scores, why.scores)
        assert any(
            note.startswith(f"held fixed beside the text: {next(iter(also))}") for note in why.token_scores.notes
        )


@pytest.mark.parametrize(
    ("name", "layer", "moved"), [("two texts", "words", "second"), ("characters", "letters", "chars")]
)
def test_an_embedded_input_has_scores_of_its_own(name: str, layer: str, moved: str) -> None:
    family, also = CASES[name]
    network = family()
    classifier = model(network, *also, embedding=network.words)
    for row, text in enumerate(TEXTS[:3]):
        single = {each: column[row] for each, column in also.items()}
        (table,) = tables_of(classifier, text, also=single)
        assert table.columns == (moved, "log-odds")
        own, of_input = ids(text), tensors(also, row)[0]
        if isinstance(network, TwoTexts):
            right = by_hand(network, own, of_input, moved=1)
        else:
            right = by_captum(network, network.get_submodule(layer), (own, of_input), 1)
        right = right[of_input.reshape(-1).numpy() != 0]
        np.testing.assert_allclose(
            np.array([score for _, score in table.rows], dtype=float), right, atol=1e-3 * np.abs(right).sum()
        )
        assert table.notes[0].startswith("scores sum to the model’s output")
    if name == "two texts":
        assert [token for token, _ in table.rows] == ["bad", "film"]


def tables_of(classifier: Classifier, text: str, **options: Any) -> list[Table]:
    panels = ak.explain(classifier, text, target="pos", views="inputs", **options).panels()
    assert all(isinstance(panel, Table) for panel in panels)
    return [panel for panel in panels if isinstance(panel, Table)]


def test_a_category_has_one_score_and_a_number_none() -> None:
    family, also = CASES["category"]
    network = family()
    classifier = model(network, *also, embedding=network.words)
    (table,) = tables_of(classifier, TEXTS[0], also={"kind": 3, "stars": 1.0})
    with torch.no_grad():
        logits = [network(ids(TEXTS[0]), torch.tensor([kind]), torch.tensor([1.0])) for kind in (3, 0)]
    change = [float(each[0, 1] - each[0, 0]) for each in logits]
    assert table.rows == (("3", pytest.approx(change[0] - change[1], abs=1e-4)),)


def test_taking_words_away_keeps_the_other_inputs() -> None:
    network = WithNumbers()
    classifier = model(network, "numbers")
    table = pd.DataFrame({"text": TEXTS, "label": ["pos", "neg", "pos", "neg"], "numbers": list(NUMBERS)})
    for text, numbers in zip(TEXTS[:3], NUMBERS, strict=False):
        given = torch.tensor(numbers, dtype=torch.float32)[None]
        why = ak.explain(classifier, text, also={"numbers": numbers}, method="leave_one_out", target="pos")
        with torch.no_grad():
            whole = network(ids(text), given)[0]
            for place, score in enumerate(why.scores):
                changed = ids(text)
                changed[0, place] = 0
                other = network(changed, given)[0]
                assert score == pytest.approx(float(whole[1] - whole[0] - other[1] + other[0]), abs=1e-5)
    study = ak.faithfulness(classifier, table, "saliency", removals="delete", oracle_texts=4, perturbed=1)
    for row, (text, numbers) in enumerate(zip(TEXTS, NUMBERS, strict=True)):
        with torch.no_grad():
            own = network(ids(text), torch.tensor(numbers, dtype=torch.float32)[None]).log_softmax(1)[0]
        assert study.whole[row] == pytest.approx(float(own.max()), abs=1e-5)
    # the oracle searched with each text's own numbers: what it found is reachable, so no method does better
    assert (study.best_removed[0, ~np.isnan(study.best_removed[0]).any(1)] <= study.whole.max() + 1e-6).all()


def test_tables_bring_the_other_inputs_to_every_measure() -> None:
    network = WithNumbers()
    classifier = model(network, "numbers")
    texts, numbers = TEXTS[:3] * 6, list(NUMBERS[:3]) * 6
    with torch.no_grad():
        own = [
            network(ids(text), torch.tensor(row, dtype=torch.float32)[None]).argmax(1).item()
            for text, row in zip(texts, numbers, strict=True)
        ]
    table = pd.DataFrame({"text": texts, "label": [("neg", "pos")[place] for place in own], "numbers": numbers})
    assert ak.evaluate(classifier, table).accuracy == 1
    table.loc[2, "text"] = ""  # a row that cannot be read takes its numbers along
    assert ak.evaluate(classifier, table).accuracy == 1
    outputs = ak.layer_outputs(classifier, table.drop(2), ["network.out"])
    shown = classifier.predict(table.drop(2))
    np.testing.assert_allclose(
        outputs["network.out"][:, 1] - outputs["network.out"][:, 0],
        np.log(shown["pos"] / shown["neg"]) / 4,
        atol=1e-4,
    )
    scatter = ak.project(classifier, table, layer="network.rnn", method="pca", sample=9).panels()[0]
    assert isinstance(scatter, Scatter) and len(scatter.labels) == 9


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda m: ak.explain(m, "bad"), "needs 'numbers', which nobody gave; pass also="),
        (lambda m: m.predict(["bad", "good"]), "needs 'numbers', which nobody gave"),
        (lambda m: ak.evaluate(m, pd.DataFrame({"text": ["bad"], "label": ["neg"]})), "which nobody gave"),
        (lambda m: ak.faithfulness(m, ["bad"]), "which nobody gave"),
        (lambda m: m.layers(), "which nobody gave"),
        (lambda m: ak.explain(m, "bad", also={"number": [1, 2, 3]}), "which this network does not take.*did you mean"),
        (lambda m: ak.explain(m, "bad", also={"xyz": [1, 2, 3]}), r"are numbers; wrap it in Adapted\(network, also="),
        (lambda m: m.predict("bad", also=4.0), "must be a mapping .* got float; give also={'numbers': …}"),
        (lambda m: m.predict(["bad", "good"], also={"numbers": [[1, 2, 3]]}), "got 1 for 2 texts"),
        (lambda m: ak.explain(m, "bad", also={"numbers": [1, 2, None]}), "must be a number"),
        (lambda m: ak.explain(m, "bad", also={"numbers": [1, 2, float("nan")]}), "NaN or infinity"),
        (lambda m: m.predict(["bad"], also={"numbers": [None]}), "of text 0 is missing"),
        (lambda m: ak.explain(m, "bad", also={"numbers": object()}), "must be a number"),
    ],
)
def test_what_is_missing_is_one_sentence(call: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        call(model(WithNumbers(), "numbers"))
    assert "\n" not in str(caught.value)


def test_a_string_where_numbers_were_expected_is_said_to_have_been_tokenised() -> None:
    with pytest.raises(NetworkError, match="of which numbers were strings and so tokenised"):
        ak.explain(model(WithNumbers(), "numbers"), "bad", also={"numbers": "four five"})


def test_a_shape_that_the_network_does_not_take_is_one_sentence() -> None:
    with pytest.raises(NetworkError, match=r"other inputs numbers \(B, 5\): .*; give each text's in the shape"):
        ak.explain(model(WithNumbers(), "numbers"), "bad", also={"numbers": np.zeros(5)})


@pytest.mark.parametrize(
    ("also", "sentence"),
    [
        ((), r"also takes 'numbers'; pass also=\('numbers',\)"),
        (("stars",), "names 'stars', .* takes numbers; name it so"),
    ],
)
def test_names_are_compared_with_the_networks_forward(also: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Adapted(WithNumbers(), also=also)


def test_a_network_without_other_inputs_refuses_them() -> None:
    with pytest.raises(InputError, match="it takes the text alone"):
        ak.explain(ak.load("imdb-cnn"), "bad", also={"numbers": [1.0]})


def test_the_picture_names_what_was_held_fixed(tmp_path: Any) -> None:
    network = TwoTexts()
    why = ak.explain(model(network, "second"), TEXTS[0], also={"second": "<b>bad</b> film"}, target="pos")
    assert [panel.kind for panel in why.panels()] == ["token_scores", "table"]
    page = why.save(tmp_path / "why.html").read_text(encoding="utf-8")
    assert "held fixed beside the text" in page and "&lt;b&gt;bad" in page and "<b>bad</b>" not in page
    assert ak.Explanation.load(why.save(tmp_path / "why.json")) == why
    assert why.save(tmp_path / "why.png").stat().st_size > 1_000
