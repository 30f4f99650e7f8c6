"""Train small text classifiers and see, truthfully, why they decide as they do.

    import attribkit as ak

    model = ak.load("imdb-cnn")
    ak.explain(model, "It was a horrible movie").save("why.html")

Importing this package loads neither torch nor matplotlib; the first use of a name does. What a caller can cure is told
in one sentence, as an `InputError`, and what went wrong elsewhere as another `AttribkitError`; any other exception, but
the operating system's own, is a fault of this package or of a network that was given to it.
"""

import random
from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attribkit.attribution.label_index import Index
    from attribkit.attribution.registry import register_method
    from attribkit.automl import quickstart
    from attribkit.comparison import compare
    from attribkit.corpus import explain_corpus
    from attribkit.data import load_dataset
    from attribkit.errors import AttribkitError, InputError
    from attribkit.estimator import TextClassifier
    from attribkit.evaluation.check import check
    from attribkit.evaluation.faithfulness import faithfulness
    from attribkit.evaluation.importance import word_importance
    from attribkit.evaluation.performance import evaluate
    from attribkit.evaluation.plausibility import plausibility
    from attribkit.evaluation.regions import region_importance
    from attribkit.evaluation.sanity import sanity
    from attribkit.explainer import explain
    from attribkit.explore import explore
    from attribkit.influence.keep_training import keep_training
    from attribkit.influence.label_errors import label_errors
    from attribkit.influence.training_influence import training_influence
    from attribkit.loading import load
    from attribkit.models.classifier import Classifier
    from attribkit.models.registry import register_network
    from attribkit.projection.layer_outputs import layer_outputs
    from attribkit.projector import keep_reference, project
    from attribkit.reports import report
    from attribkit.results.explanation import Explanation
    from attribkit.results.explanations import Explanations
    from attribkit.results.several_panels import Panels
    from attribkit.text.settings import TextSettings
    from attribkit.training.train import train

_HOMES = {
    "AttribkitError": "attribkit.errors",
    "Classifier": "attribkit.models.classifier",
    "Explanation": "attribkit.results.explanation",
    "Explanations": "attribkit.results.explanations",
    "Index": "attribkit.attribution.label_index",
    "InputError": "attribkit.errors",
    "Panels": "attribkit.results.several_panels",
    "TextClassifier": "attribkit.estimator",
    "TextSettings": "attribkit.text.settings",
    "check": "attribkit.evaluation.check",
    "compare": "attribkit.comparison",
    "evaluate": "attribkit.evaluation.performance",
    "explain": "attribkit.explainer",
    "explain_corpus": "attribkit.corpus",
    "explore": "attribkit.explore",
    "faithfulness": "attribkit.evaluation.faithfulness",
    "keep_reference": "attribkit.projector",
    "keep_training": "attribkit.influence.keep_training",
    "label_errors": "attribkit.influence.label_errors",
    "layer_outputs": "attribkit.projection.layer_outputs",
    "load": "attribkit.loading",
    "load_dataset": "attribkit.data",
    "plausibility": "attribkit.evaluation.plausibility",
    "project": "attribkit.projector",
    "quickstart": "attribkit.automl",
    "region_importance": "attribkit.evaluation.regions",
    "register_method": "attribkit.attribution.registry",
    "register_network": "attribkit.models.registry",
    "report": "attribkit.reports",
    "sanity": "attribkit.evaluation.sanity",
    "train": "attribkit.training.train",
    "training_influence": "attribkit.influence.training_influence",
    "word_importance": "attribkit.evaluation.importance",
}

__all__ = [
    "AttribkitError",
    "Classifier",
    "Explanation",
    "Explanations",
    "Index",
    "InputError",
    "Panels",
    "TextClassifier",
    "TextSettings",
    "check",
    "compare",
    "evaluate",
    "explain",
    "explain_corpus",
    "explore",
    "faithfulness",
    "keep_reference",
    "keep_training",
    "label_errors",
    "layer_outputs",
    "load",
    "load_dataset",
    "plausibility",
    "project",
    "quickstart",
    "region_importance",
    "register_method",
    "register_network",
    "report",
    "sanity",
    "train",
    "training_influence",
    "word_importance",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return version("attribkit")
    if name in _HOMES:
        state = random.getstate()  # which the library rich moves as it is imported
        try:
            value = globals()[name] = getattr(import_module(_HOMES[name]), name)
            return value
        finally:
            random.setstate(state)
    raise AttributeError(f"module 'attribkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
