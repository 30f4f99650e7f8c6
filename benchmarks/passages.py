"""How well scores of tokens, sentences and passages agree with the stretches of real reviews that people would mark.

    pip install vaderSentiment; python benchmarks/passages.py --texts 200        # four minutes; needs $ATTRIBKIT_DATA

Stretches are not marked by hand: the loudest sentences, clauses or phrases for a review's label are taken, up to 30 %
of it, as the words' ratings by ten people each say (Hutto & Gilbert, "VADER", ICWSM 2014). So the figures compare
levels and methods with each other; they do not say what agreement with a reader's own rationales would be.

Prints one JSON line per figure: AUPRC and average precision of each level with its 95 % interval, and how far passages
are above sentences, and above the attention at the same level.
"""

import argparse
import json
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

import attribkit as ak
from attribkit.evaluation.plausibility import Plausibility
from attribkit.text.clauses import clause_starts, sentence_starts

SHARE, LOUD = 0.3, 0.2
METHODS = {"imdb-cnn": ("exact",), "imdb-attention-rnn": ("quadrature", "attention")}
MEASURES = ("auprc", "average_precision")
Spans = list[tuple[int, int]]

ratings = SentimentIntensityAnalyzer()


def reviews(count: int, seed: int) -> pd.DataFrame:
    """Reviews of 250 to 900 words with their labels."""
    table = pd.read_parquet(Path(os.environ["ATTRIBKIT_DATA"]) / "imdb" / "test.parquet", columns=["text", "label"])
    words = table["text"].str.split().str.len()
    return table[(words > 250) & (words < 900)].sample(count, random_state=seed).reset_index(drop=True)


def pieces(text: str, clauses: bool) -> Spans:
    """The sentences, or the clauses, of a text."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    starts, ends = np.array(words).T
    firsts = sentence_starts(text, starts, ends)
    if clauses:
        firsts = clause_starts(text, starts, firsts)
    return [(int(starts[a]), int(ends[b - 1])) for a, b in zip(firsts, [*firsts[1:], len(words)], strict=True)]


def phrases(text: str) -> Spans:
    """Each rated word with up to four words on each side, within its clause."""
    words = [match.span() for match in re.finditer(r"[\w'-]+|[^\w\s]", text)]
    border = [text[start] in ".,;:!?()\n" for start, _ in words]
    spans = []
    for place, (start, end) in enumerate(words):
        if text[start:end].lower() not in ratings.lexicon:
            continue
        first = last = place
        while first > 0 and place - first < 4 and not border[first - 1]:
            first -= 1
        while last + 1 < len(words) and last - place < 4 and not border[last + 1]:
            last += 1
        spans.append((words[first][0], words[last][1]))
    return spans


KINDS = {
    "sentences": lambda text: pieces(text, clauses=False),
    "clauses": lambda text: pieces(text, clauses=True),
    "phrases": phrases,
}


def rationale(text: str, label: str, kind: str) -> Spans:
    """The loudest stretches for the label, the loudest first, until they are `SHARE` of the text."""
    sign = 1 if label == "pos" else -1
    rated = [(sign * ratings.polarity_scores(text[a:b])["compound"], (a, b)) for a, b in KINDS[kind](text)]
    chosen: Spans = []
    for loudness, span in sorted(rated, key=lambda pair: -pair[0]):
        if loudness <= LOUD or sum(b - a for a, b in chosen) >= SHARE * len(text):
            break
        chosen.append(span)
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    table = reviews(options.texts, options.seed)
    for name, methods in METHODS.items():
        model = ak.load(name, "cpu")
        for kind in KINDS:
            spans = [rationale(text, label, kind) for text, label in zip(table["text"], table["label"], strict=True)]
            since = time.process_time()
            result = ak.plausibility(model, table.assign(rationale=spans), methods, split="all", progress=False)
            seconds = round(time.process_time() - since, 1)
            print(json.dumps({"model": name, "marked": kind, "texts": result.texts, "processor_s": seconds}))
            figures(result, {"model": name, "marked": kind})


def figures(result: Plausibility, fields: dict[str, Any]) -> None:
    """A line for each figure of one model and kind of stretches."""
    first, *others = [method for method in result.methods if method != "random"]
    for measure in MEASURES:
        for level in ("token", "sentence", "passage"):
            for method in (first, *others, "random"):
                emit(result.estimate(measure, method, level=level), fields, measure, method=method, level=level)
        for over, over_level in ((first, "sentence"), *((other, "passage") for other in others)):
            above = result.estimate(measure, first, over, level="passage", over_level=over_level)
            emit(above, fields, measure, method=first, level="passage", above=f"{over}, {over_level}")


def emit(estimate: Any, fields: dict[str, Any], measure: str, **more: Any) -> None:
    numbers = {name: round(getattr(estimate, name), 3) for name in ("mean", "low", "high")}
    print(json.dumps({**fields, "measure": measure, **more, **numbers}), flush=True)


if __name__ == "__main__":
    main()
