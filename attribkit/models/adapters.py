"""Adapters that bring users' own networks to the contract."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from attribkit.errors import AttribkitError, InputError, NetworkError
from attribkit.models.capabilities import Capabilities
from attribkit.models.network_output import (
    KINDS,
    Outputs,
    by_itself,
    check_outputs,
    kind_by_itself,
    last_function,
    looks_like,
    tensor_of,
    to_logits,
)
from attribkit.models.other_inputs import OtherInputs, check_inputs, failed_with, missing
from attribkit.plurals import number_of
from attribkit.task import Task, check_task

Inputs = Literal["ids", "ids, lengths", "ids, mask"]
_LONGEST_KERNEL = 64  # tokens up to which a length that a network can take is looked for
_PROBE_TOKENS = 8
_PROBES = 16  # texts by whose outputs probabilities are told from logits


class Adapted(nn.Module):
    """A user's own network, adapted to the contract `forward(ids, mask) -> logits (B, C)`.

    A network that takes no mask would see padding; it is therefore run on texts of equal length, one group after
    another, so that padding never matters for it either. Probabilities are turned back into logits whose softmax they
    are, so that what is shown is the network's own. A text that is too short for the network's widest kernel is filled
    with PAD up to the least length it takes.

    Args:
        network: the user's network, unchanged. It returns a tensor, a tuple that starts with one, or a mapping or an
            object with `logits`.
        inputs: what its forward takes: "ids" for `forward(x)`, "ids, lengths" for `forward(x, lengths)`, "ids, mask".
        outputs: what it returns: "logits", "log_probabilities" or "probabilities" (B, C); or, of a network with one
            output (B,) or (B, 1), "logit" if it was trained with binary cross-entropy on logits, "probability" if it
            ends in a sigmoid: its number belongs to the second label. With several labels a text, "logit" or
            "probability" of each, (B, C). None looks at how the outputs are made, and at their numbers. A network that
            ends in a sigmoid or a softmax is taken so whatever is said here.
        embedding: the network's embedding layer; found by itself if there is just one. False for a network without any
            (a table of its own, say), which only methods that change texts can explain.
        length: tokens (PAD after them, or the rest cut off) that every text had as the network was trained, for a
            network that takes one length only, or whose answer depends on how far a text is padded.
        batch_first: False for a network that takes ids (T, B).
        pad_id: the id that fills a text; the embedding's `padding_idx` if not given, else 0.
        task: "multilabel" if each of its outputs says by itself whether a label holds, "regression" if its one output
            is a number; `Classifier` takes it from here.
        also: the names, in the network's forward, of inputs beside the text: numbers, characters, a second text. They
            are given with each text, as `explain(…, also={"numbers": …})` or in a table's columns of these names, and
            stay as they are while the text is explained.

    Raises:
        InputError: if the network has no embedding layer, or several and none was named; if its forward takes other
            inputs than these; for a setting that is none of the above.

    Example:
        >>> import torch
        >>> from attribkit.models.adapters import Adapted
        >>> class Mean(torch.nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.words, self.linear = torch.nn.Embedding(9, 4), torch.nn.Linear(4, 1)
        ...     def forward(self, x):
        ...         return self.linear(self.words(x).mean(1)).sigmoid().squeeze()
        >>> network = Adapted(Mean())
        >>> ids = torch.tensor([[1, 2, 3]])
        >>> own = network.network(ids)
        >>> bool(torch.isclose(network(ids, ids > 0).softmax(1)[0, 1], own))
        True
    """

    def __init__(
        self,
        network: nn.Module,
        inputs: Inputs = "ids",
        outputs: Outputs | None = None,
        embedding: nn.Embedding | Literal[False] | None = None,
        *,
        length: int | None = None,
        batch_first: bool = True,
        pad_id: int | None = None,
        task: Task = "multiclass",
        also: Sequence[str] = (),
    ) -> None:
        super().__init__()
        if inputs not in get_args(Inputs):
            raise InputError(f"`inputs` must be 'ids', 'ids, lengths' or 'ids, mask', got {inputs!r}")
        if outputs is not None and outputs not in KINDS:
            raise InputError(f"`outputs` must be one of {', '.join(map(repr, KINDS))}, got {outputs!r}")
        check_outputs(check_task(task), outputs)
        if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 1):
            raise InputError(f"`length` must be a number of tokens, at least 1, got {length!r}")
        self.also = (also,) if isinstance(also, str) else tuple(also)
        check_inputs(network, inputs, self.also)
        layer = _embedding_of(network) if embedding is None else embedding or None
        self.network = network
        self.inputs = inputs
        self.outputs = outputs
        self.task: Task = task
        self.length = length
        self.batch_first = batch_first
        self.pad_id = pad_id if pad_id is not None else (layer.padding_idx or 0) if layer is not None else 0
        self.equal_lengths = inputs != "ids, mask" and length is None
        self.embedding: nn.Embedding | None
        # not registered a second time: its weights belong to the network
        object.__setattr__(self, "embedding", layer)
        self.seen = _Seen()

    @property
    def capabilities(self) -> Capabilities:
        """Gradients where there is an embedding; it may look up other words than the text's."""
        return Capabilities(
            gradients=self.embedding is not None,
            equal_lengths=self.equal_lengths,
            other_lookups=True,
            other_inputs=self.also,
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, C) of ids (B, T) int64, of which mask (B, T) bool says which are real tokens.

        Raises:
            InputError: for an id beyond the embedding's rows; for outputs of another shape.
        """
        self._check(ids)
        also = self._given(len(ids))
        lengths = mask.sum(1).clamp(min=1).tolist() if self.equal_lengths else [ids.shape[1]] * len(ids)
        alike: dict[object, list[int]] = {}
        for row, length in enumerate(lengths):
            alike.setdefault((length, also.shapes(row) if also is not None and len(also) > 1 else ()), []).append(row)
        if len(alike) == 1:
            return self._run(ids[:, : lengths[0]], mask[:, : lengths[0]], also)
        order, parts = [], []
        for rows in alike.values():
            length = lengths[rows[0]]
            own = also if also is None or len(also) == 1 else also.rows(rows)
            parts.append(self._run(ids[rows, :length], mask[rows, :length], own))
            order += rows
        return torch.cat(parts)[torch.tensor(order, device=ids.device).argsort()]

    def padded(self, ids: Tensor, mask: Tensor, more: int) -> Tensor:
        """Logits (B, C) with so many PAD more after texts (B, T) of one length, whatever the network makes of it."""
        ids = nn.functional.pad(ids, (0, more), value=self.pad_id)
        mask = nn.functional.pad(mask, (0, more))
        return self._logits(*self._at_length(ids, mask, self.length), self._given(len(ids)))

    def logits_of(self, ids: Tensor, mask: Tensor, others: Mapping[str, Tensor]) -> Tensor:
        """Logits (B, C) of texts of one length with these other inputs (B, …), whatever is held."""
        outputs = self._call(*self._at_length(ids, mask, self.length or self.seen.shortest), others)
        return self._as_logits(outputs, self.seen.kind or "logits")

    @property
    def probe_length(self) -> int:
        """Tokens of a text by which something is found out of the network, where its other inputs allow it."""
        return self.seen.tokens or _PROBE_TOKENS

    @property
    def lacks_inputs(self) -> bool:
        """Whether the network takes other inputs and was given none yet, so that it cannot be run."""
        return bool(self.also) and self.seen.held is None

    def note(self, tokens: int) -> tuple[str, ...]:
        """What a reader of the scores of a text of so many tokens must know of how the network was asked."""
        notes = []
        if self.length is not None and tokens > self.length:
            notes.append(f"the network reads the first {self.length} of the text's {tokens} tokens; the others count 0")
        if self.seen.shortest is not None and tokens < self.seen.shortest:
            notes.append(f"filled with PAD to {self.seen.shortest} tokens, the least that the network takes")
        if self.outputs is not None and self.seen.kind not in (None, self.outputs):
            notes.append(f"the network's outputs are taken as {self.seen.kind}, as which it makes them")
        if self.seen.held is not None:
            notes.append(f"held fixed beside the text: {self.seen.held.described()}")
        return tuple(notes)

    def _check(self, ids: Tensor) -> None:
        layer: nn.Embedding | None = self.embedding
        if layer is None or not ids.numel():
            return
        largest, rows = int(ids.max()), len(layer.weight)
        if largest >= rows:
            raise InputError(
                f"the tokenizer gives a word the id {largest}, the network's embedding has rows 0 to {rows - 1}; give "
                "the vocabulary that the network was trained with"
            )

    def _at_length(self, ids: Tensor, mask: Tensor, length: int | None) -> tuple[Tensor, Tensor]:
        """Texts (B, T) cut or filled with PAD to `length`."""
        if length is None:
            return ids, mask
        missing = max(0, length - ids.shape[1])
        mask = nn.functional.pad(mask[:, :length], (0, missing))
        return nn.functional.pad(ids[:, :length], (0, missing)).masked_fill(~mask, self.pad_id), mask

    @property
    def _number_type(self) -> torch.dtype:
        layer: nn.Embedding | None = self.embedding
        return torch.float32 if layer is None else layer.weight.dtype

    def _given(self, texts: int) -> OtherInputs | None:
        """The other inputs of so many texts, or of one for all of them; None if the network takes none."""
        also = self.seen.held
        if not self.also:
            return None
        if also is None:
            raise missing(self.also)
        return also if len(also) in (1, texts) else also.rows([0])

    def _run(self, ids: Tensor, mask: Tensor, also: OtherInputs | None) -> Tensor:
        ids, mask = self._at_length(ids, mask, self.length)
        shortest = self.seen.shortest
        if shortest is not None and ids.shape[1] < shortest:
            ids, mask = self._at_length(ids, mask, shortest)
        try:
            return self._logits(ids, mask, also)
        except AttribkitError:
            raise
        except (ValueError, IndexError, TypeError, AttributeError) as error:  # of the network's own code
            raise NetworkError(
                f"the network failed on {number_of(len(ids), 'text')} of {number_of(ids.shape[1], 'token')} with "
                f"{type(error).__name__}: "
                f"{' '.join(str(error).split())}; run it on one text, in evaluation mode, to see where"
            ) from error
        except RuntimeError as error:
            if self.length is None and shortest is None and ids.shape[1] < _LONGEST_KERNEL:
                self.seen.shortest = self._shortest(ids, mask, also)
            if self.seen.shortest is None or shortest is not None:
                if also is None or isinstance(error, NetworkError):
                    raise
                raise failed_with(also, error) from error
        return self._logits(*self._at_length(ids, mask, self.seen.shortest), also)

    def _shortest(self, ids: Tensor, mask: Tensor, also: OtherInputs | None) -> int | None:
        """The least length above the texts' own that the network takes; None if it takes none."""
        for length in range(ids.shape[1] + 1, _LONGEST_KERNEL + 1):
            try:
                self._call(*self._at_length(ids[:1], mask[:1], length), also and also.rows([0]))
                return length
            except RuntimeError:
                continue
        return None

    def _call(self, ids: Tensor, mask: Tensor, also: OtherInputs | Mapping[str, Tensor] | None) -> Tensor:
        """The network's outputs, a row per text."""
        # as in training, so that the network may `view` them
        given, real = (part.contiguous() for part in ((ids, mask) if self.batch_first else (ids.T, mask.T)))
        if isinstance(also, OtherInputs):
            also = also.tensors(len(ids), ids.device, self._number_type)
        others = also or {}
        if self.inputs == "ids":
            returned = self.network(given, **others)
        elif self.inputs == "ids, lengths":
            returned = self.network(given, mask.sum(1).clamp(min=1).cpu(), **others)
        else:
            returned = self.network(given, real, **others)
        return tensor_of(returned, len(ids))

    def _logits(self, ids: Tensor, mask: Tensor, also: OtherInputs | None) -> Tensor:
        if self.seen.kind is None:  # asked first, so that what hooks see last is the texts
            self.seen.kind = self._kind(ids, mask, also)
        outputs = self._call(ids, mask, also)
        return self._as_logits(outputs, self.seen.kind)

    def _as_logits(self, outputs: Tensor, kind: Outputs) -> Tensor:
        return to_logits(outputs, kind) if self.task == "multiclass" else by_itself(outputs, kind)

    def _kind(self, ids: Tensor, mask: Tensor, also: OtherInputs | None) -> Outputs:
        """What the outputs are: as they are made, or as they were said to be, or as they look."""
        if self.task == "regression":
            return "logit"
        made = last_function(lambda: self._call(ids, mask, also), len(ids))
        outputs = self._call(*self._other_texts(ids[:1], mask[:1]), also and also.rows([0]))
        if self.task == "multilabel":
            return kind_by_itself(made, self.outputs, outputs)
        columns = 1 if outputs.ndim == 1 else outputs.shape[1]
        if made == "probability" and columns > 1:
            if looks_like(outputs) == "probabilities":
                return "probabilities"
            raise InputError(
                f"the network ends in a sigmoid for each of {columns} outputs, so that several labels may hold at "
                "once; say so with task='multilabel', or return logits or a softmax if it gives one label a text"
            )
        if made is not None and (columns > 1) == (made != "probability"):
            return made
        return self.outputs or looks_like(outputs)

    def _other_texts(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Texts of random words, as many as tell probabilities from logits."""
        rows = getattr(self.embedding, "num_embeddings", None) or int(ids.max()) + 1
        words = torch.randint(0, rows, (_PROBES, ids.shape[1]), generator=torch.Generator().manual_seed(0))
        words = torch.where(words == self.pad_id, int(ids.max()), words).to(ids.device)
        return torch.where(mask, words, self.pad_id), mask.expand(_PROBES, -1)


def notes_of(network: object, tokens: int) -> tuple[str, ...]:
    """`Adapted.note` of an adapted network; nothing of any other."""
    return network.note(tokens) if isinstance(network, Adapted) else ()


def task_of(network: object, task: Task | None) -> Task:
    """The task of a network: as it was said, or as an adapted one declares it.

    Raises:
        ValueError: for an unknown task, or one that is not the adapted network's.
    """
    declared = network.task if isinstance(network, Adapted) else None
    if task is None:
        return declared or "multiclass"
    if declared not in (None, check_task(task)):
        raise InputError(
            f"the network was adapted with task={declared!r}, got task={task!r}; give Adapted(…, task={task!r})"
        )
    return task


class _Seen:
    """What was learnt of a network as it ran: no setting, and no part of what it is, so none of its fingerprint.

    Attributes:
        held: the other inputs of the texts that are being run.
        tokens: of the text whose versions are being run with them.
        kind: what its outputs are.
        shortest: tokens below which it fails.
    """

    def __init__(self) -> None:
        self.held: OtherInputs | None = None
        self.tokens: int | None = None
        self.kind: Outputs | None = None
        self.shortest: int | None = None


def _embedding_of(network: nn.Module) -> nn.Embedding | None:
    """The only embedding layer; None where words pass through an `nn.EmbeddingBag` or TorchScript instead."""
    layers = [module for module in network.modules() if isinstance(module, nn.Embedding)]
    if len(layers) == 1:
        return layers[0]
    other = any(isinstance(module, (nn.EmbeddingBag, torch.jit.ScriptModule)) for module in network.modules())
    if not layers and other:
        return None
    raise InputError(
        f"the network must have one nn.Embedding, got {len(layers)}; name it with `embedding=network.…`"
        + ("" if layers else ", or pass embedding=False if it has none")
    )
