"""The baselines of a batch of texts, from the names or texts that a user gives."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attribkit.attribution import baselines
from attribkit.errors import InputError, InputTypeError, NetworkError
from attribkit.models.adapters import Adapted
from attribkit.models.classifier import Classifier
from attribkit.plurals import number_of

NAMES = (*baselines.NAMES, "mask")
"""Every named baseline; the last is that of a model that was trained to read a masked word."""


def check_baselines(baseline: object) -> tuple[str, ...]:
    """The baselines' names or texts; the scores are those of the first.

    Raises:
        TypeError: for what is neither a string nor a list of strings.
        ValueError: for an empty list, one named twice, or a misspelt name.
    """
    names = (baseline,) if isinstance(baseline, str) else baseline
    if not isinstance(names, (tuple, list)):
        raise InputTypeError(f"`baseline` must be a name, a text or a list of them, got {type(baseline).__name__}")
    if not names:
        raise InputError(f"`baseline` must name at least one of {', '.join(NAMES)} or a text, got none")
    for name in names:
        if not isinstance(name, str):
            raise InputTypeError(
                f"`baseline` must be a name, a text or a list of them, got {type(name).__name__} in a list"
            )
        near = () if name in NAMES else get_close_matches(name, NAMES, n=1, cutoff=0.7)
        if near:
            raise InputError(
                f"`baseline` must be one of {', '.join(NAMES)} or a text, got {name!r}; did you mean {near[0]!r}?"
            )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"`baseline` must name each baseline once, got {twice!r} twice; a band needs different ones")
    return tuple(names)


def answered_baselines(classifier: Classifier, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The baselines themselves, or another in place of "pad" where a network has no answer to nothing but padding.

    So it is with one that finds out by itself, from the ids, which are padding: it divides by no words at all.

    Returns:
        the names, and notes for a reader.
    """
    network, can = classifier.network, classifier.capabilities
    if names == ("pad",) and can.fed_by_itself and "pad" not in can.baselines:
        return can.baselines[:1], (f"compared with {can.baselines[0]!r}: {dict(can.refused_baselines)['pad']}",)
    if names != ("pad",) or not isinstance(network, Adapted) or _answers(classifier, classifier.tokenizer.pad_id):
        return names, ()
    other = "unk" if _answers(classifier, classifier.tokenizer.unk_id) else "mean"
    if network.embedding is None and other == "mean":
        return names, ()
    return (other,), (f"compared with {other!r}: the network has no answer to a text that is all padding",)


def _answers(classifier: Classifier, word: int) -> bool:
    """Whether a text of this word alone has finite logits."""
    ids = np.full(classifier.network.probe_length, word, dtype=np.int64)
    try:
        return bool(np.isfinite(classifier.logits([ids])).all())
    except RuntimeError:  # torch's own, as of a packed sequence without any length
        return False


def _refusal(classifier: Classifier, name: str) -> str:
    can = classifier.capabilities
    names = ", ".join(map(repr, can.baselines))
    reason = dict(can.refused_baselines).get(name)
    if reason is not None:
        return f"the baseline {name!r} cannot be taken: {reason}; take {names} or a text"
    if name == "mask":
        return f"the baseline 'mask' needs a model that was trained to read masked words; take {names} or a text"
    if can.own_spans:
        return (
            f"the baseline {name!r} needs word vectors or a vocabulary, a {can.kind} has none; take {names} or a text"
        )
    return (
        f"the baseline {name!r} is no word, and this network's words pass through no nn.Embedding layer; take {names} "
        "or a text"
    )


@dataclass(frozen=True, eq=False)
class BaselineSpec:
    """A baseline of a run, by its name or text.

    Attributes:
        name: as the user typed it.
        words: its token ids if it is a text; None if it is a name.
        outputs: the network's logits (C,) for it, at each length seen so far.
    """

    name: str
    words: Tensor | None
    outputs: dict[int, Tensor] = field(default_factory=dict)

    @staticmethod
    def of(classifier: Classifier, name: str) -> "BaselineSpec":
        """Encode the baseline's text, if it is one; `Classifier.encode` says what is refused."""
        known = name in NAMES
        if known and name not in classifier.capabilities.baselines:
            raise InputError(_refusal(classifier, name))
        return BaselineSpec(name, None if known else torch.from_numpy(classifier.encode([name])[0].ids))

    @property
    def length(self) -> int | None:
        """Tokens of the baseline text, None if the baseline is no text."""
        return None if self.words is None else len(self.words)


@dataclass(frozen=True, eq=False)
class BaselineBatch:
    """The baselines of a batch of texts.

    Attributes:
        ids: (B, T), or None where the baseline is no sequence of tokens.
        vectors: (B, T, E) if so, else None.
        logits: (B, C) float64, on the processor.
        spec: the baseline that they are.
    """

    ids: Tensor | None
    vectors: Tensor | None
    logits: Tensor
    spec: BaselineSpec

    @staticmethod
    def of(classifier: Classifier, ids: Tensor, mask: Tensor, spec: BaselineSpec, run: Any) -> "BaselineBatch":
        """What texts (B, T) are compared with; run: the network fed with vectors.

        Args:
            classifier: the model.
            ids: (B, T) int64, the texts.
            mask: (B, T) bool.
            spec: the baseline.
            run: (embedded (N, T, E), ids (N, T), mask (N, T)) → logits (N, C), the network fed with embeddings.

        Raises:
            RuntimeError: if the network's outputs for the baseline are NaN or infinite.
        """
        network, tokenizer = classifier.network, classifier.tokenizer
        name = spec.name if spec.words is None else "text"
        if classifier.capabilities.fed_by_itself:
            return BaselineBatch._fed(network.baseline(name, spec.words, ids, mask), ids, mask, spec, run)
        arguments = (mask, tokenizer.pad_id, tokenizer.unk_id, spec.words)
        tokens = baselines.ids(name, *arguments)
        vectors: Any = (
            None if tokens is not None else baselines.embedded(name, network.embedding.weight.detach(), *arguments)
        )
        # one baseline is the same for all texts of a length, and so is the network's answer: padding never matters
        lengths = mask.sum(1).tolist()
        new = {length: row for row, length in enumerate(lengths) if length not in spec.outputs}
        if new:
            rows = list(new.values())
            with torch.no_grad():
                # by the network's own forward pass, never by an engine's shortcut: the check must be able to fail
                if tokens is not None:
                    logits = network(tokens[rows], mask[rows])
                else:
                    logits = run(vectors[rows], ids[rows], mask[rows])
            _check_finite(logits, spec)
            spec.outputs.update(zip(new, logits.double().cpu(), strict=True))
        return BaselineBatch(tokens, vectors, torch.stack([spec.outputs[length] for length in lengths]), spec)

    @staticmethod
    def _fed(vectors: Tensor, ids: Tensor, mask: Tensor, spec: BaselineSpec, run: Any) -> "BaselineBatch":
        """Of a network that is fed by itself: what it makes of a text's ids stays, so each text has its own answer."""
        with torch.no_grad():
            logits = run(vectors, ids, mask)
        _check_finite(logits, spec)
        return BaselineBatch(None, vectors, logits.double().cpu(), spec)

    def note(self, wanted: int) -> tuple[str, ...]:
        """What a reader must know of a baseline text that is not as long as the text with `wanted` tokens."""
        length = self.spec.length
        if length is None or length == wanted:
            return ()
        if length > wanted:
            return (f"the baseline text was cut from {length} to the text's {number_of(wanted, 'token')}",)
        return (
            f"the baseline text's {number_of(length, 'token was', 'tokens were')} filled with PAD to the text's "
            f"{wanted}",
        )


def _check_finite(logits: Tensor, spec: BaselineSpec) -> None:
    if not logits.isfinite().all():
        raise NetworkError(
            f"the network's outputs for the baseline {spec.name!r} are NaN or infinite; take "
            "another baseline, and check the network's weights and what it computes"
        )
