"""Another processor, or another number of threads, changes no more than the last digits."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
import smaller_processor

from attribkit.data import load_dataset
from attribkit.explainer import explain
from attribkit.models.classifier import Classifier
from attribkit.models.model_folder import bundled

TEXTS = (
    "bad",
    "Best film ever",
    "It was a horrible movie",
    "I've never watched something as bad !",
    "Stocks fall as oil rises above $50 a barrel",
    "The team won the cup after penalties in extra time",
    "The first time I was bored; the second time I could not look away, and the end made me cry like a child.",
    "A very good, very bad, dull and lovely film that says the same thing again, and again. " * 12,
)
EXPLAIN = """
import json, sys
from attribkit.models.classifier import Classifier
from attribkit.explainer import explain
names, texts = json.load(sys.stdin)
found = [[why.token_scores for why in explain(Classifier.load(name, "cpu"), texts)] for name in names]
json.dump([[(one.scores.tolist(), one.converged, one.verdict) for one in of_model] for of_model in found], sys.stdout)
"""


def assert_explained_alike(texts: list[str], threads: int) -> None:
    """Every bundled model's scores of the texts, here and as a smaller processor computes them."""
    found = subprocess.run(
        [sys.executable, "-c", EXPLAIN],
        input=json.dumps([bundled(), texts]),
        env=smaller_processor.environment() | {"OMP_NUM_THREADS": str(threads)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    for name, rows in zip(bundled(), json.loads(found.stdout), strict=True):
        for here, (scores, converged, verdict) in zip(explain(Classifier.load(name, "cpu"), texts), rows, strict=True):
            own = here.token_scores
            assert np.abs(own.scores - scores).max() <= 1e-6 * np.abs(own.scores).sum()
            assert own.converged == converged and without_digits(own.verdict) == without_digits(verdict)


def without_digits(verdict: str) -> str:
    return re.sub(r"\d[\d.e+-]*", "#", verdict)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_smaller_processor_gives_the_bundled_models_scores_and_verdicts(threads: int) -> None:
    assert_explained_alike(list(TEXTS), threads)


@pytest.mark.data
@pytest.mark.usefixtures("data_folder")
def test_a_smaller_processor_gives_the_scores_of_reviews_and_titles() -> None:
    tables = [load_dataset(name).test.sample(5, random_state=0) for name in ("imdb", "ag_news")]
    assert_explained_alike([text for table in tables for text in table["text"]], threads=1)


def test_the_smaller_processor_knows_no_avx512() -> None:
    program = (
        "import json, numpy, torch\n"
        "found = numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', [])\n"
        "print(json.dumps([torch.backends.cpu.get_cpu_capability(), found]))"
    )
    command = [sys.executable, smaller_processor.__file__, sys.executable, "-W", "error", "-c", program]
    for given in ({}, smaller_processor.environment()):  # within itself it stays what it is
        found = subprocess.run(command, env=os.environ | given, stdout=subprocess.PIPE, text=True, check=True)
        capability, extensions = json.loads(found.stdout)
        assert "AVX512" not in capability
        assert not [name for name in extensions if "AVX512" in name or name == "X86_V4"]
