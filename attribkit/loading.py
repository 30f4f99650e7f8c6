"""load(): a model of this package's, of Hugging Face's, a scikit-learn pipeline, or a bundled one."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from attribkit.errors import InputError, InputNotFoundError, InputTypeError
from attribkit.huggingface.folder import is_transformer_folder
from attribkit.models import model_folder
from attribkit.models.classifier import Classifier


def load(
    model: str | Path | Sequence[Any] | Any,
    device: str | torch.device | None = None,
    *,
    local_files_only: bool = True,
    tokenizer: Any = None,
    long: str | None = None,
    stride: int | None = None,
) -> Classifier:
    """Load a model: a folder, a bundled name, a pipeline, or a model with its tokenizer.

    Nothing that a folder holds is executed, and nothing is fetched unless you allow it. So no pickle is read: a
    scikit-learn pipeline is taken as the object that it is, not as a `.joblib` file.

    A linear model of n-grams (logistic regression, linear SVM, ridge, SGD, perceptron or naive Bayes behind vectorizers
    of words or characters, their union, TF-IDF, scaling, selection) has a closed form, the method "exact": see
    `attribkit.models.pipelines.linear`. Any other scikit-learn pipeline is asked as `Classifier.from_function` asks.

    Args:
        model: a model folder of this package, or the name of a bundled model; a folder that `save_pretrained` of the
            `transformers` library wrote, with weights in safetensors; a text-classification pipeline; a pair (model,
            tokenizer); a pair of a sentence-transformers body and its head, linear or of scikit-learn; a name on the
            Hugging Face hub; or a fitted scikit-learn `Pipeline` that takes texts.
        device: where the network runs, such as "cpu" or "cuda"; None for the best device there is, or for where a model
            in memory is.
        local_files_only: False to let a name be fetched from the Hugging Face hub; else it is looked for in the hub's
            cache on this machine alone.
        tokenizer: the function or object of your own that a model of this package was trained with, if it was.
        long: what becomes of a text that is longer than a transformer reads: "refuse"; "cut" to what the tokenizer
            keeps, as every result says; "windows": read in overlapping windows, whose outputs are averaged. None: "cut"
            for a pipeline that was made to truncate, else "refuse".
        stride: how many tokens a window shares with the window before it, as the tokenizers of `transformers` call it;
            None for a quarter of a window.

    Returns:
        the classifier, in evaluation mode; of a pipeline or pair, their model as it is.

    Raises:
        FileNotFoundError: if there is no such folder or name; the sentence lists the bundled names.
        ValueError: if a file is missing, changed, cut short or of a newer format, or a pickle; for a pipeline that was
            never fitted or is no classifier; for weights that are not safetensors,
            a model without a classification head, or one that needs code of its own; for a device that is not on this
            machine.
        TypeError: for anything else than the above.

    Example:
        >>> import attribkit as ak
        >>> ak.load("imdb-cnn").labels
        ('neg', 'pos')
    """
    if isinstance(model, (str, Path)):
        if tokenizer is not None:
            _check_no_transformer(long, stride)
            return Classifier.load(model, device, tokenizer=tokenizer)
        return _named(model, device, local_files_only, long, stride)
    if tokenizer is not None:
        raise InputError("`tokenizer` belongs to a model folder of this package; leave it out")
    from sklearn.base import BaseEstimator

    if isinstance(model, BaseEstimator):
        from attribkit.models.pipelines.load import from_pipeline

        _check_no_transformer(long, stride)
        return from_pipeline(model)
    from attribkit.huggingface import loading

    asked = loading.Asked(device, long, stride)
    if isinstance(model, (tuple, list)) and len(model) == 2:
        first, second = model
        load_both = loading.from_body if hasattr(first, "max_seq_length") else loading.from_model
        return load_both(first, second, asked)
    if find_spec("transformers") is not None:
        from transformers import Pipeline

        if isinstance(model, Pipeline):
            return loading.from_pipeline(model, asked)
    raise InputTypeError(
        f"a model folder, a bundled name, a pipeline or (model, tokenizer) was expected, got {type(model).__name__}"
    )


def _named(
    model: str | Path, device: str | torch.device | None, local_files_only: bool, long: str | None, stride: int | None
) -> Classifier:
    folder = Path(model)
    if str(model) in model_folder.bundled_transformers() and not folder.is_dir():
        folder = model_folder.find(model)
    if folder.is_dir() and is_transformer_folder(folder):
        from attribkit.huggingface.loading import Asked, from_folder

        return from_folder(folder, Asked(device, long, stride))
    try:
        own = Classifier.load(model, device)
    except InputNotFoundError:
        cached = str(model).count("/") == 1 and find_spec("transformers") is not None
        if not _hub_name(model) or (local_files_only and not cached):
            raise
    else:
        _check_no_transformer(long, stride)
        return own
    from attribkit.huggingface.loading import Asked, from_hub

    return from_hub(str(model), Asked(device, long, stride), local_files_only)


def _check_no_transformer(long: str | None, stride: int | None) -> None:
    if long is not None or stride is not None:
        raise InputError(
            "`long` and `stride` belong to a transformer, whose texts have a limit, got a model of another kind; leave "
            "them out"
        )


def _hub_name(model: str | Path) -> bool:
    return isinstance(model, str) and model not in model_folder.bundled() and model.count("/") <= 1
