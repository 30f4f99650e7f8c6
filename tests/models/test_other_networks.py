"""Networks as other people build them: the answer shown is theirs, or one sentence says what is missing."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence

import attribkit as ak
from attribkit.errors import AttribkitError, InputError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.text import WordIndex

WORDS = {word: row for row, word in enumerate("<pad> <unk> the film was not very good bad".split())}
TEXT = "the film was not very good"
TEXTS = [TEXT, "bad", "not good", "very very very bad", "the film was bad and not very good the film"]


class Own(nn.Module):
    def __init__(self, size: int = 8) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words = nn.Embedding(9, 8)
            self.linear = nn.Linear(size, 2)
            self.build()

    def build(self) -> None:
        """Layers of its own."""


class Mean(Own):
    def forward(self, x: Tensor) -> Tensor:
        return 3 * self.linear(self.words(x).mean(1))


class Wide(Own):
    """A window of five words, without padding."""

    def build(self) -> None:
        self.windows = nn.Conv1d(8, 8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.windows(self.words(x).transpose(1, 2)).tanh().amax(2))


class FixedLength(Own):
    def __init__(self) -> None:
        super().__init__(160)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x).tanh().flatten(1))


class OwnMask(Own):
    """Attention that leaves out what the ids say is padding."""

    def forward(self, x: Tensor) -> Tensor:
        vectors = self.words(x)
        weights = vectors.sum(2).masked_fill(x == 0, -torch.inf).softmax(1)
        return self.linear((weights.unsqueeze(2) * vectors).sum(1))


class OwnLengths(Own):
    """Packs by what the ids say is padding."""

    def build(self) -> None:
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.words(x), (x != 0).sum(1).cpu(), batch_first=True, enforce_sorted=False)
        return self.linear(self.rnn(packed)[1][-1])


class Sorts(Own):
    """The textbook's way to pack: the longest text first, and those of one length from the last."""

    def build(self) -> None:
        self.rnn = nn.GRU(8, 8, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        order = lengths.flip(0).argsort(descending=True, stable=True)
        order = len(x) - 1 - order
        packed = pack_padded_sequence(self.words(x[order]), lengths[order], batch_first=True)
        return self.linear(self.rnn(packed)[1][-1])[order.argsort()]


class Encoder(Own):
    def build(self) -> None:
        self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        encoded = self.encoder(self.words(x), src_key_padding_mask=~mask) * mask.unsqueeze(2)
        return self.linear(encoded.sum(1) / mask.sum(1, keepdim=True))


class IgnoresMask(Own):
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return 30 * self.linear(self.words(x).mean(1))


class Normalised(Own):
    """Weight normalisation of old, which keeps a tensor that cannot be copied."""

    def build(self) -> None:
        self.old = nn.utils.weight_norm(nn.Linear(8, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.old(self.words(x).mean(1))


def model(network: nn.Module, **options: Any) -> Classifier:
    words = {**WORDS, "and": 8}
    return Classifier(Adapted(network, **options), WordIndex(words), ("neg", "pos"))


def ids(text: str) -> Tensor:
    return torch.tensor([[{**WORDS, "and": 8}[word] for word in text.split()]])


def scores(classifier: Classifier, text: str = TEXT, **options: Any) -> Any:
    return ak.explain(classifier, text, views=["attribution"], target="pos", **options).token_scores


def own(network: nn.Module, given: Tensor) -> float:
    with torch.no_grad():
        return float(network.eval()(given).softmax(1)[0, 1])


def test_a_text_shorter_than_the_kernel_is_padded_to_it() -> None:
    network = Wide()
    classifier = model(network)
    shown = classifier.predict(TEXTS)["pos"]
    for text, probability in zip(TEXTS, shown, strict=True):
        given = ids(text)
        padded = nn.functional.pad(given, (0, max(0, 5 - given.shape[1])))
        assert probability == pytest.approx(own(network, padded), abs=1e-6)
    short = scores(classifier, "bad")
    assert short.converged and "filled with PAD to 5 tokens, the least that the network takes" in short.notes
    assert all(why.token_scores.converged for why in ak.explain(classifier, TEXTS, views=["attribution"]))
    assert len(ak.faithfulness(classifier, TEXTS, oracle_texts=0, perturbed=0).tokens) == 5


def test_a_fixed_length_pads_and_cuts_as_in_training() -> None:
    network = FixedLength()
    classifier = model(network, length=20)
    for text in (*TEXTS, " ".join([TEXT] * 5)):
        given = nn.functional.pad(ids(text)[:, :20], (0, max(0, 20 - ids(text).shape[1])))
        assert classifier.predict(text)["pos"][0] == pytest.approx(own(network, given), abs=1e-6)
    long = scores(classifier, " ".join([TEXT] * 5))
    assert long.converged and (long.scores[20:] == 0).all() and (long.scores[:20] != 0).any()
    assert "the network reads the first 20 of the text's 30 tokens; the others count 0" in long.notes


@pytest.mark.parametrize("length", [0, -3, True, 2.5])
def test_a_length_below_1_is_refused(length: Any) -> None:
    with pytest.raises(InputError, match=r"`length` must be a number of tokens, at least 1, got "):
        Adapted(Mean(), length=length)


@pytest.mark.parametrize("kind", [OwnMask, OwnLengths])
def test_a_network_that_masks_by_ids_is_compared_with_another_baseline(kind: type[Own]) -> None:
    classifier = model(kind())
    chosen, named = scores(classifier), scores(classifier, baseline="unk")
    assert chosen.baseline == "unk" and chosen.converged
    np.testing.assert_array_equal(chosen.scores, named.scores)
    assert any("has no answer to a text that is all padding" in note for note in chosen.notes)


def test_an_id_beyond_the_embeddings_rows_is_named() -> None:
    classifier = Classifier(Adapted(Mean()), WordIndex({**WORDS, "zebra": 40}), ("neg", "pos"))
    assert classifier.predict("bad")["label"].tolist()
    with pytest.raises(InputError, match=r"gives a word the id 40, the network's embedding has rows 0 to 8; give the"):
        classifier.predict("a zebra")


def test_a_network_that_sorts_its_batch_keeps_the_texts_apart() -> None:
    classifier = model(Sorts(), inputs="ids, lengths")
    texts = [f"{first} {second} {third}" for first in WORDS for second in list(WORDS)[2:] for third in ("good", "bad")]
    together = ak.layer_outputs(classifier, texts[20:60], layers=["network.words"]).values["network.words"]
    for row, text in enumerate(texts[20:60]):
        alone = ak.layer_outputs(classifier, text, layers=["network.words"]).values["network.words"]
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-5)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_the_layers_of_a_transformers_encoder_are_mapped() -> None:
    classifier = model(Encoder(), inputs="ids, mask")
    names = classifier.layers()["layer"].tolist()
    assert "network.encoder.layers.0" in names and "network.encoder.layers.1" in names
    outputs = ak.layer_outputs(classifier, TEXTS, layers=["network.encoder.layers.1"]).values
    alone = ak.layer_outputs(classifier, TEXTS[2], layers=["network.encoder.layers.1"]).values
    for name, values in outputs.items():
        np.testing.assert_allclose(values[2], alone[name][0], atol=1e-5)
    assert ak.project(classifier, TEXTS, layer="network.encoder.layers.1", method="pca").summary()


def test_an_answer_that_depends_on_padding_is_said() -> None:
    network = IgnoresMask()
    (note,) = scores(model(network, inputs="ids, mask")).notes
    with torch.no_grad():
        padded = float(network(nn.functional.pad(ids(TEXT), (0, 4)), ids(TEXT) > 0).softmax(1).max())
        alone = float(network(ids(TEXT), ids(TEXT) > 0).softmax(1).max())
    assert note.startswith(f"the answer depends on padding: {alone:.3f} alone, {padded:.3f} with 4 PAD")
    assert "inputs='ids' runs texts unpadded, length=… pads each as in training" in note
    assert scores(model(FixedLength(), length=20)).notes == ()
    assert scores(model(Encoder(), inputs="ids, mask"), tolerance=0.05).notes == ()


def test_an_answer_that_depends_on_company_is_said() -> None:
    class Centred(Own):
        def forward(self, x: Tensor) -> Tensor:
            pooled = (self.words(x) / torch.arange(1, x.shape[1] + 1).unsqueeze(1)).sum(1)
            return self.linear(pooled - pooled.mean(0) if len(x) > 1 else pooled)

    (note,) = scores(model(Centred()), batch_size=1).notes
    assert "the answer depends on the other texts of a batch" in note and "batch_size=1 runs texts one by one" in note


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_old_weight_normalisation_is_explained_and_copied() -> None:
    classifier = model(Normalised())
    before = scores(classifier).scores
    copied = copy.deepcopy(classifier)
    np.testing.assert_array_equal(scores(copied).scores, before)
    np.testing.assert_array_equal(scores(classifier.copy()).scores, before)
    assert ak.sanity(classifier, TEXTS[:2]).summary()


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda: nn.DataParallel(Mean()),
        lambda: torch.compile(Mean(), backend="eager"),
        lambda: torch.nn.Sequential(Mean()),
    ],
    ids=["DataParallel", "compiled", "Sequential"],
)
def test_a_wrapped_network_is_explained_as_the_network_itself(wrapped: Any) -> None:
    right = scores(model(Mean())).scores
    np.testing.assert_allclose(scores(model(wrapped())).scores, right, atol=1e-6)


def test_half_precision_and_tied_weights_are_explained() -> None:
    class Tied(Own):
        def forward(self, x: Tensor) -> Tensor:
            return self.words(x).mean(1).tanh() @ self.words.weight[7:9].T

    assert scores(model(Tied())).converged
    half = scores(model(Mean().bfloat16()), tolerance=0.05)
    np.testing.assert_allclose(half.scores, scores(model(Mean())).scores, atol=0.02)


class Decided(Own):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.words(x).mean(1)).argmax(1)


class NeedsCompany(Own):
    """Normalises over the batch, in evaluation mode too."""

    def build(self) -> None:
        self.norm = nn.BatchNorm1d(8, track_running_stats=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.norm(self.words(x).mean(1)))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Decided, r"got whole numbers \(torch.int64\), as of argmax; return what it is taken of"),
        (NeedsCompany, "the network failed on 1 text of 6 tokens with ValueError: Expected more than 1 value"),
    ],
)
def test_what_is_no_answer_to_one_text_is_one_sentence(network: type[Own], sentence: str) -> None:
    for call in (lambda each: each.predict(TEXT), lambda each: ak.explain(each, TEXT)):
        with pytest.raises(AttribkitError, match=sentence) as caught:
            call(model(network()))
        assert "\n" not in str(caught.value)
