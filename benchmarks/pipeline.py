"""What scores of TF-IDF and logistic regression cost, beside the pipeline's own predict_proba, in one process and run.

    python benchmarks/pipeline.py
    python benchmarks/pipeline.py --texts 200 --repetitions 3

The pipeline is the reference of `attribkit reproduce`: words and pairs of words, logistic regression, fitted on IMDB's
training reviews. Prints one JSON line per measurement: medians of interleaved repetitions on one thread, in seconds of
processor time and of wall-clock time, and each as a multiple of predict_proba. `scores` is what the tokens add to the
decision values, from the texts; `scores and predictions` is the same with the pipeline's own forward pass and the check
against it; `explain` is all of `attribkit.explain`, with sentences, verdicts and panels. Reviews are read from
$ATTRIBKIT_DATA/imdb; without them there is nothing to measure.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

import attribkit as ak
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.views.attribution import Attribution


def reviews(split: str) -> pd.DataFrame:
    file = Path(os.environ.get("ATTRIBKIT_DATA", "")) / "imdb" / f"{split}.parquet"
    if not file.is_file():
        raise SystemExit(f"there is no {file}; let $ATTRIBKIT_DATA name the folder of data sets")
    return pd.read_parquet(file, columns=["text", "label"])


def fitted(table: pd.DataFrame) -> Pipeline:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=3)
    return make_pipeline(words, LogisticRegression(C=10, max_iter=1_000)).fit(table["text"], table["label"])


def measure(calls: dict[str, Callable[[], Any]], repetitions: int) -> None:
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            processor, wall = time.process_time(), time.perf_counter()
            call()
            seconds[name].append((time.process_time() - processor, time.perf_counter() - wall))
    medians = {
        name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seconds.items()
    }
    own = medians["predict_proba"]
    for name, (processor, wall) in medians.items():
        ratios = {"times_processor": processor / own[0], "times_wall": wall / own[1]}
        print(json.dumps({"measure": name, "processor": processor, "wall": wall, **ratios}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1_000)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    test = reviews("test").sample(options.texts, random_state=0)
    texts, pipeline = test["text"].tolist(), fitted(reviews("train"))
    accuracy = float((pipeline.predict(texts) == test["label"]).mean())
    print(json.dumps({"measure": "accuracy", "texts": options.texts, "value": accuracy}), flush=True)

    def scores() -> Any:
        form: Any = ak.load(pipeline).network.form  # loaded anew, so that nothing is known of the texts
        return form.contributions(texts)

    def with_predictions() -> Any:
        model = ak.load(pipeline)
        return Attribution(details=False)(model, EncodedBatch.of(model, texts))

    worst = max(abs(panel.completeness_error) for (panel,) in with_predictions())
    print(json.dumps({"measure": "largest completeness error", "value": worst}), flush=True)
    calls = {
        "predict_proba": lambda: pipeline.predict_proba(texts),
        "scores": scores,
        "scores and predictions": with_predictions,
        "explain": lambda: ak.explain(ak.load(pipeline), texts, views="attribution", progress=False),
    }
    measure(calls, options.repetitions)


if __name__ == "__main__":
    main()
