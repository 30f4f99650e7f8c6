"""Classifier: a network, its tokenizer, its labels, and where it came from."""

import copy
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from attribkit.data.intake import all_rows
from attribkit.data.split_record import SplitRecord
from attribkit.data.text_tables import Data
from attribkit.errors import InputError
from attribkit.models import check_contract, model_folder, overview
from attribkit.models.adapters import task_of
from attribkit.models.capabilities import Capabilities, capabilities_of
from attribkit.models.contents import Contents, fill
from attribkit.models.devices import choose_device, device_of, located
from attribkit.models.fingerprint import earlier_fingerprint, fingerprint, fingerprints_known
from attribkit.models.layers import Layer, before_last, find_layers
from attribkit.models.lock import lock_of
from attribkit.models.logits import check_finite, probabilities
from attribkit.models.other_inputs import OtherInputs, cells_of, held
from attribkit.models.predictions import check_labels, prediction_frame
from attribkit.models.reference import Reference
from attribkit.models.smaller_pieces import smaller_pieces
from attribkit.models.state import eval_mode
from attribkit.models.text_function import LogProbabilities, Probabilities, TextFunction
from attribkit.models.training_features import TrainingFeatures
from attribkit.plurals import number_of
from attribkit.progress import Progress, shown, silent
from attribkit.results.panels import Table
from attribkit.results.result import Result
from attribkit.task import Task
from attribkit.text import batching
from attribkit.text.encode import encode_texts, token_ids
from attribkit.text.encoded import Encoded, TextEncoder, check_encoder
from attribkit.text.text_pair import with_joined_pairs
from attribkit.text.text_splitter import TextSplitter
from attribkit.text.word_index import Split


class Classifier(Result):
    """A text classifier: a network that keeps the contract of `attribkit.models.Network`, its tokenizer and its labels.

    It need not have been trained here.

    **Threads.** Any number of threads may use one classifier, or several that share a network: each gets the answers
    that it would get alone. They take turns with the network, so that a prediction waits for an explanation that is
    being computed; a `copy()` has a network of its own, and need not wait. If you run or train the network yourself,
    rather than through this package, make sure that nothing else uses it meanwhile.

    Attributes:
        network: the network, used as it is and never changed by predicting or explaining.
        tokenizer: text → ids, with each token's place in the text.
        labels: (C,) one per logit, in order; of a regression the name of its number.
        task: what its outputs mean: "multiclass" (one label of two or more), "multilabel" (labels that hold or not,
            each by itself) or "regression" (a number).
        unit: of a regression's number; None for labels.
        name: what pictures call the model.
        provenance: where it came from: data, settings, metrics, versions.
        history: one row per epoch, if it was trained here.
        snapshots: weights by epoch, if any were kept while it was trained.
        reference: points of some texts to place others among, if `attribkit.keep_reference` made any.
        training_features: what its last layer read of its training rows, if `attribkit.keep_training` kept that.
        splits: hashes of the training, validation and test texts, if it was trained here.
        also: what the network is given beside the texts that come next, if it takes other inputs: see `given`.

    Example:
        >>> import attribkit as ak
        >>> model = ak.load("imdb-cnn")
        >>> model.labels
        ('neg', 'pos')
        >>> model.predict(["It was a horrible movie", "Such a great show!"])["label"].tolist()
        ['neg', 'pos']
        >>> model.probabilities(["Such a great show!"]).shape
        (1, 2)
    """

    def __init__(
        self,
        network: nn.Module,
        tokenizer: TextEncoder,
        labels: Sequence[str],
        *,
        name: str = "model",
        provenance: Mapping[str, Any] | None = None,
        history: pd.DataFrame | None = None,
        device: str | torch.device | None = None,
        task: Task | None = None,
        unit: str | None = None,
    ) -> None:
        self.task: Task = task_of(network, task)
        labels = check_labels(labels, self.task)
        if unit is not None and self.task != "regression":
            raise InputError(f"`unit` is that of a regression's number, this model is {self.task}; leave it out")
        check_contract(network)
        check_encoder(tokenizer)
        self.unit = unit or labels[0] if self.task == "regression" else None
        self.network: Any = network if device is None else network.to(choose_device(device))
        self.tokenizer = tokenizer
        self.labels = labels
        self.name = name
        self.provenance: dict[str, Any] = dict(provenance or {})
        self.history = history
        self.snapshots: dict[int, dict[str, Tensor]] = {}
        self.reference: Reference | None = None
        self.training_features: TrainingFeatures | None = None
        self.splits: SplitRecord | None = None
        self.also: OtherInputs | None = None

    def __repr__(self) -> str:
        count = sum(weights.numel() for weights in self.network.parameters())
        network, labels = type(self.network).__name__, overview.named(self.labels)
        task = "" if self.task == "multiclass" else f", task={self.task!r}"
        how = self.capabilities.long_texts.how
        long = "" if how == "refuse" else f", long={how!r}"
        return f"Classifier({self.name!r}, {network}, {count:,} parameters, labels={labels}{task}{long})"

    def to_frame(self) -> pd.DataFrame:
        """One row per tensor of the network's parameters: parameter (its name), shape, numbers, trainable."""
        return overview.parameters(self.network)

    def panels(self) -> tuple[Table, ...]:
        """What the model is, as a table: network, parameters, labels, and what it keeps of its training."""
        return (Table(self.name, ("what", "value"), self._overview()),)

    def summary(self) -> str:
        """What the model is, a line each."""
        return "\n".join([self.name, *(f"{name}: {value}" for name, value in self._overview())])

    def _overview(self) -> tuple[tuple[str, str], ...]:
        task = overview.task_in_words(self.task, self.unit)
        rows = overview.rows(
            self.network, self.capabilities, self.labels, self.splits, self.history, self.snapshots, self.reference
        )
        given = self.provenance
        own = [("task", task), ("outputs", given.get("outputs")), ("long texts", given.get("long texts"))]
        return (rows[0], *((name, value) for name, value in own if value is not None), *rows[1:])

    @property
    def device(self) -> torch.device:
        """Where the network's weights are."""
        return device_of(self.network)

    @property
    def vocabulary_size(self) -> int:
        """How many ids a text may hold: the embedding's rows; where there is no embedding, those that words have."""
        embedding = self.network.embedding
        if embedding is not None:
            return len(embedding.weight)
        vocabulary: Mapping[str, int] = getattr(self.tokenizer, "vocabulary", {})
        return 1 + max((self.tokenizer.pad_id, self.tokenizer.unk_id, *vocabulary.values()))

    @property
    def capabilities(self) -> Capabilities:
        """What the model can be asked for beside its predictions: gradients, attention, layers, a closed form."""
        return capabilities_of(self.network)

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Split each text into tokens.

        Args:
            texts: N strings.

        Returns:
            for each text its token ids, spans and spellings.

        Raises:
            TypeError: for what is no string.
            ValueError: for a text that is empty, broken or holds no token; of several texts the sentence names it.
        """
        return encode_texts(self.tokenizer, with_joined_pairs(texts, self.reads_pairs))

    def batch(self, ids: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
        """Pad texts of token ids to ids (B, T) int64 and mask (B, T) bool, on the network's device."""
        padded, mask = batching.pad(ids, self.tokenizer.pad_id)
        return torch.from_numpy(padded).to(self.device), torch.from_numpy(mask).to(self.device)

    def ids(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """Each text's token ids alone, many times faster than `encode`, which also finds their spans.

        Args:
            texts: N strings.

        Returns:
            for each text (T,) int64.

        Raises:
            TypeError: as `encode`.
            ValueError: as `encode`.
        """
        return token_ids(self.tokenizer, with_joined_pairs(texts, self.reads_pairs))

    def inside(self) -> list[Layer]:
        """Every layer that takes part in the network's forward pass, in the order in which they finish.

        Raises:
            ValueError: for a model that is no network.
        """
        self._check_layers()
        first = self.also and self.also.rows([0])
        with held(self.network, first), eval_mode(self.network), torch.inference_mode():
            return find_layers(self.network, self.tokenizer.unk_id, self.device)

    def before_last(self) -> Layer:
        """The layer that the network's last layer reads.

        Raises:
            ValueError: if there is none to name.
        """
        self._check_layers()
        first = self.also and self.also.rows([0])
        with held(self.network, first), eval_mode(self.network), torch.inference_mode():
            return before_last(self.network, self.tokenizer.unk_id, self.device)

    def _check_layers(self) -> None:
        if not self.capabilities.layers:
            raise self.capabilities.refusal(
                "what reads a layer, such as a map,", "layers", "explain, word_importance and faithfulness do without"
            )

    def layers(self) -> pd.DataFrame:
        """The layers that `attribkit.layer_outputs` and `attribkit.project` can read, in the order of the forward pass.

        Returns:
            one row per layer: `layer` (its name), `module` (its class) and `shape` (of its output, B texts of T
            tokens). Of a layer that is called several times, the last call counts.

        Example:
            >>> import attribkit as ak
            >>> ak.load("imdb-cnn").layers()["layer"].head(3).tolist()
            ['embedding', 'embedding_dropout', 'convolutions.0']
        """
        rows = [(layer.name, layer.module, layer.shape) for layer in self.inside() if layer.sizes is not None]
        return pd.DataFrame(rows, columns=["layer", "module", "shape"])

    @property
    def other_inputs(self) -> tuple[str, ...]:
        """The names of the network's inputs beside the text; see `attribkit.models.adapters.Adapted`."""
        return self.capabilities.other_inputs

    @property
    def reads_pairs(self) -> bool:
        """Whether it reads pairs of texts, each given as {"text": …, "text_pair": …}."""
        return self.capabilities.pairs

    def given(
        self, texts: int, also: Mapping[str, Any] | None = None, table: pd.DataFrame | None = None, single: bool = False
    ) -> "Classifier":
        """The classifier with the other inputs of the texts that it will be asked about; itself if it takes none.

        Args:
            texts: how many they are.
            also: by name: one entry per text.
            table: whose columns of these names are taken where `also` has none.
            single: whether there is one text, and `also` holds its inputs rather than a list of them.

        Raises:
            ValueError: for an input that is missing, or that the network does not take.
        """
        cells = cells_of(self.other_inputs, texts, also, table, single)
        return self.beside(OtherInputs.of(cells, self.tokenizer)) if cells else self

    def beside(self, also: OtherInputs | None) -> "Classifier":
        """The classifier with these other inputs, of as many texts as it will be asked about, or of one for all."""
        if also is None:
            return self
        with_inputs = copy.copy(self)
        with_inputs.also = also
        return with_inputs

    def holding(self, rows: NDArray[np.int64], texts: int) -> AbstractContextManager[None]:
        """Give the network the other inputs of a batch of so many texts; nothing for a network that takes none.

        Raises:
            ValueError: if those that are known belong to another number of texts.
        """
        also = self.also
        if also is not None and len(also) not in (1, texts):
            raise InputError(
                f"the other inputs {', '.join(self.other_inputs)} are known of {number_of(len(also), 'text')}, the "
                "network was "
                f"asked about {texts:,}; a new text cannot be placed without its own"
            )
        return held(self.network, also and also.of_batch(rows))

    def logits(
        self, ids: Sequence[NDArray[np.int64]], batch_size: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float64]:
        """Logits of encoded texts, batched by length, without gradients.

        They are the network's own, also if NaN or infinite: see `attribkit.models.logits`.

        Args:
            ids: for each of N texts (T,) int64, as `ids` gives them.
            batch_size: the most texts at once; None chooses by their length.
            progress: called as `attribkit.progress.Progress` says.

        Returns:
            (N, C) float64, in the texts' order.
        """
        results = np.zeros((len(ids), len(self.labels)))
        done = 0
        with eval_mode(self.network), torch.inference_mode():
            lengths = [len(row) for row in ids]
            for together in batching.by_length(lengths, batch_size, self.capabilities.tokens_at_once):
                run = partial(self._logits_of, ids)
                for rows, logits in smaller_pieces(together, run, lengths, self.device):
                    results[rows] = logits
                    done += len(rows)
                    progress(done, len(ids), "predicting")
        return results

    def _logits_of(self, ids: Sequence[NDArray[np.int64]], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        with self.holding(rows, len(ids)):
            logits: Tensor = self.network(*self.batch([ids[row] for row in rows]))
        if logits.ndim != 2 or logits.shape[1] != len(self.labels):
            raise InputError(
                f"the network must return logits of shape (B, {len(self.labels)}), one per label, got "
                f"{tuple(logits.shape)}; give `labels` in the order of its outputs"
            )
        return logits.double().cpu().numpy()

    def probabilities(
        self, texts: Sequence[str], batch_size: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float64]:
        """Probabilities of texts; those of several labels that may hold are each by itself.

        Args:
            texts: N strings.
            batch_size: the most texts at once; None chooses by their length.
            progress: called as `attribkit.progress.Progress` says.

        Returns:
            (N, C) float64, in the texts' order.

        Raises:
            TypeError: as `encode`.
            ValueError: as `encode`; for a regression, whose number is no probability.
            RuntimeError: if the network's outputs for a text are NaN or infinite; the sentence names the text.
        """
        return probabilities(self._finite_logits(texts, batch_size, progress), self.task)

    def _finite_logits(self, texts: Sequence[str], batch_size: int | None, progress: Progress) -> NDArray[np.float64]:
        return check_finite(self.logits(self.ids(texts), batch_size, progress), texts)

    def predict(
        self,
        data: Data,
        batch_size: int | None = None,
        *,
        text: str | None = None,
        label: str | None = None,
        encoding: str | None = None,
        also: Mapping[str, Any] | None = None,
        progress: bool | Progress | None = None,
    ) -> pd.DataFrame:
        """Predict the label of each text, the labels that hold (with a probability of 0.5 or more), or its number.

        Args:
            data: a string, which is one text; or several, in any form that `attribkit.explain` takes.
            batch_size: the most texts at once; None chooses by their length.
            text: the column of the texts in a table or file; guessed from usual names if not given.
            label: the column of the labels; likewise.
            encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
            also: as `attribkit.explain` takes it.
            progress: a function that is called with what is done, the total and the current step; True for a bar, False
                for none; None for a bar in a terminal and in a notebook.

        Returns:
            one row per text, in order: text, label, and one column of probabilities per label. With several labels a
            text `label` is a tuple of them, the likeliest first; of a regression it is the number, and no column
            follows. What was guessed of a file is in `attrs["notes"]`; a `CutTextsWarning` says how many texts of a
            transformer were cut.

        Raises:
            TypeError: as `probabilities`.
            ValueError: as `probabilities`; if the column of texts cannot be guessed.
            RuntimeError: as `probabilities`.

        Example:
            >>> import attribkit as ak
            >>> model = ak.load("imdb-cnn")
            >>> table = model.predict(["A great film", "It was a horrible movie"])
            >>> table.columns.tolist()
            ['text', 'label', 'neg', 'pos']
            >>> table["label"].tolist()
            ['pos', 'neg']
        """
        data = with_joined_pairs(data, self.reads_pairs)
        rows = all_rows(self, data, text=text, label=label, encoding=encoding)
        texts = rows.texts
        model = self.given(len(texts), also, rows.table, single=isinstance(data, str))
        with shown(progress) as tell:
            logits = model._finite_logits(texts, batch_size, tell)
        frame = prediction_frame(texts, logits, self.labels, self.task)
        if rows.reading:
            frame.attrs["notes"] = list(rows.reading)
        return frame

    def copy(self, *, share_weights: bool = False) -> "Classifier":
        """A classifier with a network of its own, so that changes to one do not reach the other.

        Args:
            share_weights: whether the new network's tensors are this one's, so that it takes no memory. Its modules,
                and with them hooks and modes, are its own.
        """
        copied = copy.copy(self)
        with lock_of(self.network):  # or hooks that are there for a moment would be copied with it
            tensors = (*self.network.parameters(), *self.network.buffers()) if share_weights else ()
            memo = {id(tensor): tensor for tensor in tensors} | _results(self.network)
            copied.network = copy.deepcopy(self.network, memo)
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> "Classifier":
        copied = memo[id(self)] = copy.copy(self)
        with lock_of(self.network):
            memo.update(_results(self.network))
            vars(copied).update(copy.deepcopy(vars(self), memo))
        return copied

    def at_epoch(self, epoch: int) -> "Classifier":
        """The classifier as it was after an epoch of its training; this one stays as it is.

        Args:
            epoch: 0 = before the first.

        Raises:
            ValueError: if no snapshot of that epoch was kept.
        """
        if epoch not in self.snapshots:
            epochs = ", ".join(map(str, sorted(self.snapshots)))
            what = f"snapshots of the epochs {epochs}" if epochs else "no snapshots"
            raise InputError(f"the model keeps {what}, got {epoch!r}; train it with snapshots=[…] for others")
        network = self.copy().network
        fill(network, self.snapshots[epoch])
        earlier = Classifier(
            network,
            self.tokenizer,
            self.labels,
            name=f"{self.name}, epoch {epoch}",
            provenance=self.provenance,
            task=self.task,
            unit=self.unit,
        )
        earlier.splits = self.splits
        return earlier

    def on(self, device: str | torch.device | None) -> "Classifier":
        """The classifier itself, or a copy of it on another device: this one stays where it is.

        Args:
            device: "cuda" is the current one of several GPUs, "cuda:1" the second; None for where it is.
        """
        if device is None or (place := located(choose_device(device))) == self.device:
            return self
        moved = self.copy()
        moved.network.to(place)
        return moved

    def fingerprint(self) -> str:
        """A hash of everything that predictions depend on: it changes whenever a prediction could.

        It covers the labels; every parameter and buffer with its name, type and shape; every module's class and its
        plain attributes, which hold the settings of a network (numbers, strings, containers of them, functions by their
        instructions); and the tokenizer: of this package's own its vocabulary and all of its settings, of another its
        class and plain attributes likewise, or its own `fingerprint()` if it has one. The device, the mode, gradients,
        `name` and `provenance` are not covered.

        Nor is what cannot be seen: the code of a class, hooks, attributes that are tensors or objects of another class,
        what a tokenizer reads from elsewhere. A plain attribute that changes with every text, such as a counter or a
        cache, makes the classifier look like another one.

        It takes a third of a millisecond for 8 MB of weights on a processor, in proportion to their size.
        """
        known = fingerprints_known()
        if self not in known:
            with lock_of(self.network):
                known[self] = fingerprint(self.network, self.tokenizer, self.labels, self.task)
        return known[self]

    def earlier_fingerprint(self) -> str:
        """The fingerprint by the rules of earlier versions, to compare with their files; many times slower."""
        with lock_of(self.network):
            return earlier_fingerprint(self.network, self.tokenizer, self.labels, self.task)

    def save(  # type: ignore[override]  # it writes a folder, which has no width and no colours
        self, path: str | Path, *, overwrite: bool = False, half: bool = False
    ) -> Path:
        """Write a model folder: config.json, tokenizer.json, weights.safetensors and a model card; data only.

        It also holds the training's history and snapshots, the reference points, the features of the training rows and
        the hashes of the rows of each split, if there are any. The folder is written whole or not at all: until every
        file is in place, an older model in it stays.

        Args:
            path: the folder.
            overwrite: replace the model that is in it.
            half: store the weights in 16 bits, in half the space; loaded, they are 32 bits wide again, rounded.

        Returns:
            the folder.

        Raises:
            FileExistsError: if the folder already holds a model and `overwrite` is False.
            ValueError: if the network or tokenizer is not one of this toolkit's own.
            OSError: if the folder cannot be written.
        """
        return model_folder.write(Path(path), Contents.of(self, half), overwrite)

    @staticmethod
    def from_function(
        predict_proba: Probabilities,
        labels: Sequence[str],
        *,
        split: Split | None = None,
        stand_in: str = "",
        name: str = "function",
    ) -> "Classifier":
        """A classifier made of any function from texts to probabilities.

        It is asked for nothing but its answers to changed texts. A changed text is the text itself without some of its
        words: they are left out, and everything between words stays as it is written. So is it explained by Shapley
        sampling unless another method of that kind is named ("leave_one_out", "lime", "kernel_shap", "occlusion"), with
        the spread of the draws; a text of 200 words takes some 2,500 answers. All scores are compared with the empty
        text (`baseline="pad"`), or with another text.

        The function must answer each text by itself, whatever stands beside it in the list; it may be called from any
        thread, one at a time. Probabilities of exactly 0 or 1 have no finite log-odds: they count as one step of their
        number type away from it; `output="probability"` takes them as they are.

        Args:
            predict_proba: from a list of N strings to probabilities (N, C): an array, a tensor or a table.
            labels: (C,) the names of its columns.
            split: text → words, or (word, start, end) for a splitter that spells words otherwise than the text does;
                None for this package's own words, of which each punctuation mark is one.
            stand_in: what is written in the place of a word that is left out, such as "[MASK]"; nothing if not given.
            name: what pictures call the model.

        Raises:
            TypeError: for what cannot be called.
            ValueError: for labels that are not at least two different ones. When it is first asked: if it does not
                return a row of C probabilities for each text.

        Example:
            >>> import numpy as np
            >>> import attribkit as ak
            >>> def predict_proba(texts):
            ...     good = np.array([text.count("good") + 1 for text in texts])
            ...     return np.stack((1 / (1 + good), good / (1 + good)), axis=1)
            >>> model = ak.Classifier.from_function(predict_proba, ["neg", "pos"])
            >>> why = ak.explain(model, "A good, good film", target="pos")
            >>> dict(zip(why.tokens, why.scores.round(2).tolist()))
            {'A': 0.0, 'good': 0.55, ',': 0.0, 'film': 0.0}
            >>> why.token_scores.method
            'shapley_sampling'
        """
        splitter = TextSplitter(split, stand_in)
        return Classifier(
            TextFunction(LogProbabilities(predict_proba, len(labels)), splitter), splitter, labels, name=name
        )

    @staticmethod
    def load(path: str | Path, device: str | torch.device | None = None, *, tokenizer: Any = None) -> "Classifier":
        """Read a model folder, or a bundled model by its name.

        Nothing that the folder holds is executed: it is data only, and each file is checked against its checksum.

        Args:
            path: a model folder, or the name of a bundled model of this package; `attribkit models` lists them.
            device: where the network runs, such as "cpu" or "cuda"; None for the best device there is.
            tokenizer: the function or object of your own that the model was trained with, if it was.

        Returns:
            the classifier, in evaluation mode.

        Raises:
            FileNotFoundError: if there is no such folder or name; the sentence lists the bundled names.
            ValueError: if a file is missing, changed, cut short or of a newer format; for a pickle; for a device that
                is not on this machine.

        Example:
            >>> import attribkit as ak
            >>> ak.load("imdb-cnn").labels
            ('neg', 'pos')
        """
        chosen = choose_device(device)
        contents = model_folder.read(model_folder.find(path))
        classifier = Classifier(**contents.arguments(tokenizer), device=chosen)
        classifier.snapshots, classifier.splits = contents.snapshots, contents.splits
        classifier.training_features = contents.training
        classifier.reference = contents.reference and contents.reference.renewed(classifier)
        return classifier


def _results(network: nn.Module) -> dict[int, Any]:
    """What `copy.deepcopy` refuses, as its memo: tensors that a module computed from its parameters and kept.

    So does the weight normalisation of old; what it kept is computed anew in the next forward pass.
    """
    kept = (value for module in network.modules() for value in vars(module).values() if isinstance(value, Tensor))
    return {id(value): value.detach().clone() for value in kept if not value.is_leaf}
