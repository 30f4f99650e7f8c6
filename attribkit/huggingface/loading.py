"""From a folder, a pipeline, or a model with its tokenizer to a classifier."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from attribkit.errors import InputError, InputNotFoundError, InputTypeError, MissingPackageError, ran_out
from attribkit.huggingface.architectures import architecture_of, longest, takes_token_types
from attribkit.huggingface.encoder import TransformerEncoder
from attribkit.huggingface.folder import check_folder, check_head
from attribkit.huggingface.network import TransformerNetwork
from attribkit.huggingface.output_function import Function, function_of, task_of_function
from attribkit.huggingface.sentence_head import HeadedBody, linear_head
from attribkit.huggingface.spelling import LOST
from attribkit.huggingface.stand_ins import StandIns
from attribkit.huggingface.template import Template
from attribkit.models.classifier import Classifier
from attribkit.models.devices import choose_device
from attribkit.task import Task
from attribkit.text.long_texts import LongTexts, checked_long
from attribkit.versions import versions_of

_FULL = (torch.float32, torch.float64)


@dataclass(frozen=True)
class Asked:
    """What is asked of any classifier of `transformers`.

    Attributes:
        device: where to compute; None for the best device there is, or for where a model in memory is.
        long: what becomes of a text that is longer than the model reads: "refuse", "cut" or "windows"; None for what
            its pipeline does: a text is cut where the pipeline was told so, and else refused.
        stride: how many tokens a window shares with the window before it; None for a quarter of them.
    """

    device: str | torch.device | None = None
    long: str | None = None
    stride: int | None = None

    def __post_init__(self) -> None:
        if self.long is not None or self.stride is not None:
            checked_long(self.long or "refuse", self.stride)


def from_folder(folder: Path, asked: Asked = Asked()) -> Classifier:
    """The classifier in a folder that `save_pretrained` wrote; nothing that it holds is executed.

    Raises:
        InputError: for a folder without weights in safetensors, with code of its own, or without a head.
    """
    _transformers()
    check_folder(folder)
    return _pretrained(str(folder), folder.name, asked, local_files_only=True)


def from_hub(name: str, asked: Asked = Asked(), local_files_only: bool = True) -> Classifier:
    """The classifier of this name on the Hugging Face hub, or in its cache on this machine.

    Raises:
        InputNotFoundError: if it is not in the cache, and the network may not be used.
    """
    _transformers()
    return _pretrained(name, name, asked, local_files_only=local_files_only)


def from_pipeline(pipeline: Any, asked: Asked = Asked()) -> Classifier:
    """The classifier of a `TextClassificationPipeline`; its model is used as it is, and its truncation taken over.

    Raises:
        InputTypeError: for a pipeline of another task.
    """
    from transformers import TextClassificationPipeline

    if not isinstance(pipeline, TextClassificationPipeline):
        raise InputTypeError(
            f"a pipeline that classifies texts was expected, got {type(pipeline).__name__}; make one with "
            "transformers.pipeline('text-classification', …)"
        )
    own = pipeline._postprocess_params.get("function_to_apply")
    settings, limit = pipeline._preprocess_params, None
    if asked.long is None and settings.get("truncation") not in (None, False, "do_not_truncate"):
        asked, limit = replace(asked, long="cut"), settings.get("max_length")
    function = None if own is None else own.name.lower()
    return from_model(pipeline.model, pipeline.tokenizer, asked, function, limit=limit)


def from_model(
    model: Any,
    tokenizer: Any,
    asked: Asked = Asked(),
    function: Function | None = None,
    name: str | None = None,
    limit: int | None = None,
) -> Classifier:
    """The classifier of a model and its tokenizer, which are used as they are.

    Args:
        model: a `…ForSequenceClassification` of `transformers`. One in 16 bits is copied, and computed in float32.
        tokenizer: its tokenizer.
        asked: where to compute, and what becomes of long texts.
        function: what is applied to its outputs; None for what its pipeline applies.
        name: what pictures call it; its class if not given.
        limit: the most tokens of a text, if that is less than the model reads.

    Raises:
        InputError: for a model without a classification head, or a tokenizer without words.
    """
    _check_kinds(model, tokenizer)
    check_head([type(model).__name__])
    kept = next(model.parameters()).dtype
    notes: list[str] = []
    if kept not in _FULL:
        model = copy.deepcopy(model).float()
        notes.append(f"computed in float32: the model is kept in {str(kept).removeprefix('torch.')}")
    if not tokenizer.is_fast:
        notes.append(LOST)
    config = model.config
    why = "as the pipeline was told"
    if function is None:
        function, why = function_of(config)
    labels = [str(config.id2label[number]) for number in range(config.num_labels)]
    outputs = f"{function}, as the pipeline applies it: {why}"
    task = task_of_function(function, len(labels))
    classifier = _classifier(model, tokenizer, labels, task, outputs, asked, tuple(notes), limit)
    return _named(classifier, name or type(model).__name__, asked)


def from_body(body: Any, head: Any, asked: Asked = Asked()) -> Classifier:
    """The classifier of a sentence-transformers body with a head on its vectors, as SetFit trains them.

    Args:
        body: a `SentenceTransformer`; it is used as it is.
        head: a fitted `LogisticRegression` of scikit-learn, or an `nn.Linear`.
        asked: where to compute, and what becomes of long texts.

    Raises:
        InputError: for a head that is not linear.
    """
    layer, labels = linear_head(head)
    model = HeadedBody(body, layer.to(body.device)).eval()
    outputs = f"softmax, over the head's {len(labels)} outputs"
    limit = None if body.max_seq_length is None else int(body.max_seq_length)
    classifier = _classifier(model, body.tokenizer, list(labels), "multiclass", outputs, asked, (), limit)
    return _named(classifier, f"{type(body).__name__} with {type(head).__name__}", asked)


def _named(classifier: Classifier, name: str, asked: Asked) -> Classifier:
    classifier.name = name
    return classifier.on(asked.device)


def _classifier(
    model: Any,
    tokenizer: Any,
    labels: list[str],
    task: Task,
    outputs: str,
    asked: Asked,
    notes: tuple[str, ...],
    limit: int | None = None,
) -> Classifier:
    config = model.config
    words = StandIns.of(model, tokenizer)
    template = Template.of(tokenizer, takes_token_types(model))
    limits = [number for number in (limit, longest(config, tokenizer)) if number is not None]
    most = min(limits, default=None)
    room = None if most is None else most - template.specials(pair=False)
    long = LongTexts.of(asked.long or "refuse", room, asked.stride)
    network = TransformerNetwork(model, template, words.fill, words.baselines, words.refused, long, notes)
    ignored = config.get_text_config().pad_token_id if architecture_of(config).pooling == "last" else None
    encoder = TransformerEncoder(tokenizer, template, words.fill, most, long, ignored)
    provenance = {
        "network": type(model).__name__,
        "outputs": outputs,
        "long texts": long.sentence,
        "versions": versions_of("attribkit", "torch", "transformers"),
    }
    return Classifier(network, encoder, labels, task=task, provenance=provenance)


def _pretrained(source: str, name: str, asked: Asked, local_files_only: bool) -> Classifier:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    settings = {"local_files_only": local_files_only, "trust_remote_code": False}
    try:
        with _without_progress() if local_files_only else nullcontext():
            tokenizer = AutoTokenizer.from_pretrained(source, **settings)
            model, report = AutoModelForSequenceClassification.from_pretrained(
                source, use_safetensors=True, output_loading_info=True, **settings
            )
    except Exception as error:  # the libraries for tokenizers and safetensors raise plain ones for damaged files
        if ran_out(error):
            raise
        raise InputNotFoundError(_unreadable(source, error, local_files_only)) from error
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise InputError(
            f"{source!r} lacks weights of its {type(model).__name__}, such as {missing[0]}, so that its answers "
            "would be random; give one that was trained to classify"
        )
    classifier = from_model(model.to(choose_device(asked.device)), tokenizer, asked, name=name)
    classifier.provenance["source"] = source
    return classifier


@contextmanager
def _without_progress() -> Iterator[None]:
    """Reading a file is no download: no progress bar for it."""
    from transformers.utils import logging as progress

    logging: Any = progress  # its functions have no types
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _unreadable(source: str, error: Exception, local_files_only: bool) -> str:
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    if Path(source).is_dir():
        return f"transformers cannot read the model in {source!r} ({reason}); save model and tokenizer there anew"
    if local_files_only:
        return (
            f"there is no model folder {source!r}, nor such a model in this machine's cache of the Hugging Face hub; "
            "give a folder, or allow the network with local_files_only=False"
        )
    return f"{source!r} cannot be fetched from the Hugging Face hub ({reason}); check the name and the network"


def _check_kinds(model: Any, tokenizer: Any) -> None:
    _transformers()
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    for given, kind, what in ((model, PreTrainedModel, "model"), (tokenizer, PreTrainedTokenizerBase, "tokenizer")):
        if not isinstance(given, kind):
            raise InputTypeError(
                f"a {what} of transformers was expected, got {type(given).__name__}; give (model, tokenizer)"
            )
    special = set(tokenizer.all_special_tokens)
    words = (token for token in tokenizer.get_vocab() if token not in special)
    if not any(character.isalnum() for token in words for character in token):
        raise InputError(  # as transformers 5 makes one of a folder that holds none
            "the tokenizer knows no words, special tokens alone, so that every text would be read as the same; save it "
            "beside the model by tokenizer.save_pretrained(folder), or give (model, tokenizer)"
        )


def _transformers() -> None:
    if find_spec("transformers") is None:
        raise MissingPackageError(
            'models of Hugging Face need the package transformers; install it with pip install "attribkit[hf]"'
        )
