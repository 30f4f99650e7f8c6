"""Equal windows tie for a maximum; one occurrence gets the score, and the result says so."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import attribkit as ak
from attribkit.models.adapters import Adapted
from attribkit.text import WordIndex

TWICE = "so dull a plot but also so dull a plot in the end"
ONCE = "so dull a plot in the end"


def ties(why: ak.Explanation) -> list[str]:
    return [note for note in why.token_scores.notes if note.startswith("ties: ")]


def test_a_phrase_that_stands_twice_has_its_score_at_one_place_and_the_note_says_so() -> None:
    model = ak.load("imdb-cnn", "cpu")
    why = ak.explain(model, TWICE, views="attribution")
    (note,) = ties(why)
    assert "stand in the text more than once" in note and "put on one occurrence alone" in note
    first, second = why.scores[:4], why.scores[6:10]
    assert np.abs(first - second).max() > 0.05 * np.abs(why.scores).sum()  # what the note is about
    table = why.to_frame("phrase")
    phrases = set(zip(table["start"], table["end"], strict=True))
    inner = {TWICE[start:end] for start, end in phrases if TWICE.count(TWICE[start:end]) > 1}
    assert any(f"such as {phrase!r}" in note for phrase in inner)


@pytest.mark.parametrize("text", [ONCE, "It was a horrible movie", "good"])
def test_nothing_is_said_where_no_window_stands_twice(text: str) -> None:
    assert not ties(ak.explain(ak.load("imdb-cnn", "cpu"), text, views="attribution"))


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
