"""How faithful methods are on 1,000 real reviews, and what measuring it costs.

    python benchmarks/faithfulness.py --only cnn short rnn --texts 1000 --seed 0

Prints one JSON line per figure. Real reviews are read from $ATTRIBKIT_DATA/imdb/test.parquet; without them there is
nothing to measure. Each figure is a mean over the texts with its 95 % bootstrap interval.
"""

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from attribkit.evaluation.faithfulness import Faithfulness, faithfulness
from attribkit.evaluation.faithfulness.oracle import EXACT
from attribkit.models.classifier import Classifier
from attribkit.text.sentences import sentence_spans

SIX = ("exact", "deeplift", "gradient_shap", "input_x_gradient", "saliency", "leave_one_out")


def report(**values: Any) -> None:
    print(json.dumps(values), flush=True)


def reviews(count: int, seed: int) -> list[str]:
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / "test.parquet"
    if not file.is_file():
        raise SystemExit(f"there is no {file}; let $ATTRIBKIT_DATA name the folder of data sets")
    return pd.read_parquet(file, columns=["text"])["text"].sample(count, random_state=seed).tolist()


def short_sentences(model: Classifier, texts: list[str]) -> list[str]:
    """The first sentence of 2 to 12 tokens of each review that has one."""
    cut = [text[a:b] for text in texts for a, b in sentence_spans(text) if text[a:b].strip()]
    lengths = [len(ids) for ids in model.tokenizer.ids(cut)]
    return list(dict.fromkeys(text for text, length in zip(cut, lengths, strict=True) if 2 <= length <= EXACT))


def figures(found: Faithfulness, measure: str, **more: Any) -> None:
    references = {"tau": (), "log_odds_drop": ("random masking",)}.get(measure, ("best found", "proved bound"))
    for way in found.removals:
        for method in (*found.methods, *references):
            one = found.estimate(measure, method, way)
            if not one.known:
                continue
            line = {"measure": measure, "removal": way, "method": method, "texts": one.texts, **more}
            report(**line, mean=one.mean, low=one.low, high=one.high)


def advantage(found: Faithfulness, method: str, over: str, **more: Any) -> None:
    for way in found.removals:
        one = found.estimate("comprehensiveness", method, way, over=over)
        means = [found.estimate("comprehensiveness", name, way).mean for name in (method, over)]
        line = {"measure": f"comprehensiveness of {method} less that of {over}", "removal": way, **more}
        report(**line, mean=one.mean, low=one.low, high=one.high, ratio=means[0] / means[1], texts=one.texts)


def cnn(texts: list[str], seed: int, oracle_texts: int | None) -> None:
    model = Classifier.load("imdb-cnn", device="cpu")
    start = time.perf_counter()
    found = faithfulness(model, texts, SIX, oracle_texts=oracle_texts, seed=seed)
    report(
        measure="seconds",
        model=model.name,
        texts=len(texts),
        methods=SIX,
        oracle_texts=oracle_texts or "all",
        seconds=time.perf_counter() - start,
    )
    for measure in ("comprehensiveness", "sufficiency", "log_probability_drop", "tau"):
        figures(found, measure, model=model.name)
    for measure in ("infidelity", "max_sensitivity"):
        for method in found.methods:
            one = found.estimate(measure, method)
            report(measure=measure, model=model.name, method=method, texts=one.texts, mean=one.mean)
    advantage(found, "exact", "random", model=model.name)
    figures(found, "log_odds_drop", model=model.name)
    bracket = found.bracket()
    report(measure="best comprehensiveness by PAD, found and proved", model=model.name, bracket=bracket)
    for way in found.removals:
        report(measure="share of the best found", removal=way, method="exact", share=found.share_of_best("exact", way))


def short(texts: list[str], seed: int, oracle_texts: int | None) -> None:
    model = Classifier.load("imdb-cnn", device="cpu")
    sentences = short_sentences(model, texts)
    chosen = np.random.default_rng(seed).permutation(len(sentences))[:300]
    found = faithfulness(
        model,
        [sentences[place] for place in np.sort(chosen)],
        ["exact"],
        oracle_texts=oracle_texts,
        perturbed=0,
        seed=seed,
    )
    for way in found.removals:
        share = found.share_of_best("exact", way, exact=True)
        count = int(found.exact.sum())
        report(measure=f"share of the best of all subsets, ≤ {EXACT} tokens", removal=way, share=share, texts=count)
    figures(found, "comprehensiveness", model=model.name, tokens=f"≤ {EXACT}")


def rnn(texts: list[str], seed: int, oracle_texts: int | None) -> None:
    model = Classifier.load("imdb-attention-rnn", device="cpu")
    start = time.perf_counter()
    found = faithfulness(
        model, texts, ["quadrature", "attention"], oracle_texts=oracle_texts or 0, perturbed=0, seed=seed
    )
    report(measure="seconds", model=model.name, texts=len(texts), seconds=time.perf_counter() - start)
    figures(found, "comprehensiveness", model=model.name)
    figures(found, "sufficiency", model=model.name)
    advantage(found, "quadrature", "attention", model=model.name)
    advantage(found, "quadrature", "random", model=model.name)


PARTS = {"cnn": cnn, "short": short, "rnn": rnn}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument(
        "--oracle-texts", type=int, help="texts whose best removal is sought; all of the CNN's by default"
    )
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    texts = reviews(chosen.texts, chosen.seed)
    for name in chosen.only:
        PARTS[name](texts, chosen.seed, chosen.oracle_texts)


if __name__ == "__main__":
    main()
