"""explain(): a classifier and a text in, an Explanation out."""

import copy
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any, TypedDict, Unpack, cast, overload

import torch

from attribkit.classifier import Classifier, choose_device, softmax
from attribkit.explanation import Explanation, Explanations
from attribkit.panels import Prediction
from attribkit.views import VIEWS, Attribution
from attribkit.views.attribution import TargetName, find_label


class Options(TypedDict, total=False):
    """What `explain` can be told."""

    views: Sequence[str] | None
    target: TargetName | None
    output: str
    method: str | None
    baseline: str
    tolerance: float
    true_label: str | int | Sequence[str | int] | None
    seed: int
    batch_size: int | None
    device: str | torch.device | None


@overload
def explain(model: Classifier, text: str, **options: Unpack[Options]) -> Explanation: ...
@overload
def explain(model: Classifier, text: list[str] | tuple[str, ...], **options: Unpack[Options]) -> Explanations: ...
def explain(
    model: Classifier,
    text: str | Sequence[str],
    *,
    views: Sequence[str] | None = None,
    target: TargetName | None = None,
    output: str = "log_odds",
    method: str | None = None,
    baseline: str = "pad",
    tolerance: float = 1e-4,
    true_label: str | int | Sequence[str | int] | None = None,
    seed: int = 0,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
) -> Explanation | Explanations:
    """Why the model says of a text what it says. The model is left exactly as it was.

    Args:
        model: any classifier; it need not have been trained here.
        text: one text, or several, which are batched.
        views: which views to show; None for every one the model supports.
        target: what is explained: None for the predicted class, a label, an index, "all" for every class, or a pair
            ("pos", "neg") for why this and not that, log p_a − log p_b.
        output: the number whose change the scores share out: "log_odds" log p − log(1 − p), "logit" or "probability".
        method: how the scores are computed; None for the best that the network allows: "exact" for a network with a
            closed form, else "quadrature". To compare with: "captum", "saliency", "input_x_gradient", "deeplift",
            "gradient_shap", "occlusion", "leave_one_out", "shapley_sampling", "lime", "kernel_shap", "random".
        baseline: what the text is compared with: "pad" (nothing said), "zero", "unk", "mean", or a text of your own.
        tolerance: the largest |Σ scores − (F(text) − F(baseline))| / Σ|scores| that counts as converged. Steps are
            added until it is met; if it cannot be, the result and its pictures say so.
        true_label: the known answer, shown beside the predicted one; one per text if there are several.
        seed: of the methods that draw samples; the same seed gives a text the same scores.
        batch_size: most texts at once; None chooses by their length.
        device: where to compute; None for where the model is.

    Returns: an Explanation for one text, a list of them for several.

    Raises:
        TypeError: for a text that is no string.
        ValueError: for an empty text, or an option out of its range; the sentence lists what there is.
    """
    if not isinstance(model, Classifier):
        raise TypeError(f"a Classifier was expected, got {type(model).__name__}; load one with attribkit.load(folder)")
    view = Attribution(
        target=target,
        output=output,
        method=method,
        baseline=baseline,
        tolerance=tolerance,
        batch_size=batch_size,
        seed=seed,
    )
    names = supported(model) if views is None else _known([views] if isinstance(views, str) else views, model)
    several = isinstance(text, Iterable) and not isinstance(text, (str, bytes))
    texts = list(text) if several else [cast(str, text)]
    model = _on_device(model, device)
    encoded = model.encode(texts)
    truth = _true_labels(true_label, texts, model.labels)
    logits = model.logits([one.ids for one in encoded], batch_size)
    probabilities = softmax(logits)
    panels = view(model, encoded, logits) if "attribution" in names else [[] for _ in texts]
    provenance = _provenance(model, view)
    rows = Explanations(
        Explanation(
            text=one,
            prediction=Prediction(
                label=model.labels[int(logits[row].argmax())],
                labels=model.labels,
                probabilities=tuple(probabilities[row].tolist()),
                true_label=truth[row],
            ),
            panels=tuple(panels[row]),
            provenance=provenance,
        )
        for row, one in enumerate(texts)
    )
    return rows if several else rows[0]


def supported(model: Classifier) -> list[str]:
    """The names of the views that this model supports."""
    return list(VIEWS)


def _known(views: Sequence[str], model: Classifier) -> list[str]:
    there = supported(model)
    for name in views:
        if name not in there:
            near = get_close_matches(str(name), there, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"`views` of this model can be {', '.join(there)}, got {name!r}{hint}")
    if not views:
        raise ValueError(f"`views` must name at least one of {', '.join(there)}, got none")
    return list(views)


def _true_labels(
    given: str | int | Sequence[str | int] | None, texts: Sequence[str], labels: tuple[str, ...]
) -> list[str | None]:
    if given is None:
        return [None] * len(texts)
    each = [given] * len(texts) if isinstance(given, (str, int)) else list(given)
    if len(each) != len(texts):
        raise ValueError(f"`true_label` must hold one label per text, got {len(each)} for {len(texts)} texts")
    return [labels[find_label(one, labels)] for one in each]


def _on_device(model: Classifier, device: str | torch.device | None) -> Classifier:
    """The model itself, or a copy of it elsewhere: the user's own stays where it is."""
    if device is None or choose_device(device).type == model.device.type:
        return model
    return Classifier(
        copy.deepcopy(model.network),
        model.tokenizer,
        model.labels,
        name=model.name,
        provenance=model.provenance,
        device=device,
    )


def _provenance(model: Classifier, view: Attribution) -> dict[str, Any]:
    return {
        "model": model.name,
        "network": type(model.network).__name__,
        "fingerprint": model.fingerprint(),
        "device": str(model.device),
        "settings": {"target": view.target, "output": view.output, "method": view.method, "baseline": view.baseline},
        "versions": {package: version(package) for package in ("attribkit", "torch", "captum")},
    }
