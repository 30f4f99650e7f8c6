"""Equal windows tie for a maximum; one occurrence gets the score, and the result says so."""

import numpy as np
import pytest
import reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import attribkit as ak
from attribkit.attribution.attribute import attribute
from attribkit.models import CNNSettings, TextCNN
from attribkit.models.adapters import Adapted
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.text import WordIndex

TWICE = "so dull a plot but also so dull a plot in the end"
ONCE = "so dull a plot in the end"


def ties(why: ak.Explanation) -> list[str]:
    return [note for note in why.token_scores.notes if note.startswith("ties: ")]


def test_a_phrase_that_stands_twice_has_its_score_at_one_place_and_the_note_says_so() -> None:
    model = ak.load("imdb-cnn", "cpu")
    why = ak.explain(model, TWICE, views="attribution")
    (note,) = ties(why)
    assert "are the same as others of the text" in note and "put on one occurrence alone" in note
    first, second = why.scores[:4], why.scores[6:10]
    assert np.abs(first - second).max() > 0.05 * np.abs(why.scores).sum()  # what the note is about
    table = why.to_frame("phrase")
    phrases = set(zip(table["start"], table["end"], strict=True))
    inner = {TWICE[start:end] for start, end in phrases if TWICE.count(TWICE[start:end]) > 1}
    assert any(f"such as {phrase!r}" in note for phrase in inner)


@pytest.mark.parametrize("text", [ONCE, "It was a horrible movie", "good"])
def test_nothing_is_said_where_no_window_stands_twice(text: str) -> None:
    assert not ties(ak.explain(ak.load("imdb-cnn", "cpu"), text, views="attribution"))


FEW = {word: row for row, word in enumerate(["<pad>", "<unk>", "so", "dull", "a", "plot"])}
TEXTS = st.lists(
    st.lists(st.sampled_from(list(FEW)[2:]), min_size=1, max_size=20).map(" ".join), min_size=1, max_size=5
)


@given(TEXTS, st.sampled_from([(1,), (2, 3), (1, 2, 5)]), st.integers(0, 1_000), st.sampled_from([None, "all"]))
@settings(max_examples=60, deadline=None)
def test_of_a_batch_the_same_is_said_as_text_by_text(
    texts: list[str], widths: tuple[int, ...], seed: int, target: str | None
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TextCNN(CNNSettings(len(FEW), 2, 4, widths=widths, filters=3))
    model = ak.Classifier(network, WordIndex(FEW), ("neg", "pos"))
    of_filter = [width for width in widths for _ in range(3)]
    batch = EncodedBatch.of(model, texts)
    for row, by_target in attribute(model, batch, target=target, windows=True):
        encoded, windows = batch.encoded[row], by_target[0][0].windows
        assert windows is not None
        count, span = reference.tied_windows(encoded.ids.tolist(), list(zip(*windows, strict=True)), of_filter)
        notes = [note for note in by_target[0][0].notes if note.startswith("ties: ")]
        assert len(notes) == min(count, 1)
        for note in notes:
            assert note == (
                f"ties: to the model {count} of the windows that decide are the same as others of the text, such as "
                f"{' '.join(encoded.tokens[span[0] : span[1] + 1])!r}; what they move is put on one occurrence alone"
            )


WORDS = {word: row for row, word in enumerate(f"<pad> <unk> {TWICE}".split())}


class Pooled(nn.Module):
    def __init__(self, pooling: str) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.words, self.out = nn.Embedding(len(WORDS) + 8, 8), nn.Linear(8, 2)
            self.windows = nn.Conv1d(8, 8, 2)
        self.pooling = pooling

    def forward(self, x: Tensor) -> Tensor:
        windows = self.windows(self.words(x).transpose(1, 2))
        pooled = {
            "max": lambda: windows.max(2).values,
            "pool": lambda: nn.functional.max_pool1d(windows, windows.shape[2]).squeeze(2),
            "mean": lambda: windows.mean(2),
            "shared": lambda: windows.amax(2),
        }
        return self.out(pooled[self.pooling]())


@pytest.mark.parametrize(("pooling", "said"), [("max", True), ("pool", True), ("mean", False), ("shared", False)])
def test_of_an_adapted_network_it_is_said_where_it_takes_maxima(pooling: str, said: bool) -> None:
    model = ak.Classifier(Adapted(Pooled(pooling)), WordIndex(WORDS), ("neg", "pos"))
    notes = ties(ak.explain(model, TWICE, views="attribution"))
    assert bool(notes) == said
    assert not said or "'so dull' more than once, and the network takes maxima" in notes[0]
    assert not ties(ak.explain(model, ONCE, views="attribution"))
