"""train(): from labelled texts to a classifier, by Lightning."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from attribkit.booleans import check_booleans
from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.devices import choose_device
from attribkit.progress import Progress, shown
from attribkit.random_state import preserve_random_state
from attribkit.text.settings import TextSettings
from attribkit.text.split_tokenizer import split_of
from attribkit.training import processes
from attribkit.training.defaults import defaults
from attribkit.training.plan import Trainable, check_data, check_precision, check_task_options, labelled_data, prepare
from attribkit.training.resume import check_folder
from attribkit.training.run import Run
from attribkit.training.settings import sort_options


def train(
    architecture: str,
    data: Trainable,
    *,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
    task: str | None = None,
    unit: str | None = None,
    label_separator: str | None = None,
    glove: str | Path | None = None,
    vector_size: int | None = None,
    freeze_epochs: int | None = None,
    snapshots: Sequence[int] = (),
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
    text_settings: TextSettings | None = None,
    tokenizer: Any = None,
    name: str | None = None,
    device: str | torch.device | None = None,
    devices: int = 1,
    nodes: int = 1,
    progress: bool | Progress | None = None,
    **options: Any,
) -> Classifier:
    """Train a network on the training texts and keep the weights of the epoch with the lowest validation loss.

    Options left out follow the data, as `attribkit.training.defaults` says: the number of training texts, their length
    and language, the labels' shares, and whether there are vectors. The result's
    `provenance["training"]["chosen"]` says what was chosen and why. An option that is given takes the place of itself
    alone.

    Ctrl-C ends the training early and keeps the best weights so far; the result's provenance says so. The random state
    of Python, NumPy and torch is left as it was.

    Args:
        architecture: "cnn" (Kim, EMNLP 2014), "attention-rnn", "lstm", or the name of a registered network.
        data: labelled texts: a `Dataset`, or anything that `attribkit.load_dataset` takes, with its default shares. The
            test texts are not used.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.
        task: what is learnt: "multiclass" (one label a text), "multilabel" (any number of them, each by itself) or
            "regression" (a number); None for that of a `Dataset`, and otherwise for one label, or for several if
            `label_separator` is given.
        unit: of a regression's number, such as "stars"; None for the name of its column.
        label_separator: what stands between several labels in a cell, such as "|"; lists of labels need none.
        glove: a file of pretrained word vectors; see `attribkit.training.glove.read_vectors`.
        vector_size: reduce the vectors to so many principal components; None keeps their size.
        freeze_epochs: for how many epochs the embedding is not trained; None: 2 with vectors, or half of fewer epochs.
        snapshots: epochs whose weights are kept, 0 = before training: in the result's `snapshots`, and as files in
            `out`/snapshots.
        seed: the same seed on the same machine gives the same weights.
        out: a folder to save the model in. While training it also holds the state to resume from.
        resume: continue the interrupted training in `out`, with the same result as without the interruption; if there
            is none, begin.
        overwrite: replace a model, or an interrupted training, that is in `out`.
        text_settings: how texts are cut into tokens.
        tokenizer: a function of your own that splits a text into words, or into (word, start, end), or an object with
            such a `split`; None for this package's tokenizer. A model folder holds data only: give the same function to
            `attribkit.load(folder, tokenizer=…)`. Or a tokenizer of the library `tokenizers`, or the `Path` of its
            file, which is data, and kept; the vocabulary is that of its tokens in the training texts.
        name: what pictures call the model; data set and architecture if not given.
        device: "cpu", "cuda", …; None for the best there is.
        devices: how many processes share each batch, on a machine. Each runs the calling script from its top and gets
            the classifier; one of them writes the files. Not from a notebook.
        nodes: on how many machines; start the script on each with torchrun.
        progress: True: a bar; False: none; None: a bar in a terminal or notebook; or a function (done, total, step).
        **options: any field of `TrainingSettings`, of the network's settings (`filters`, `hidden` …) or of
            `TextSettings`, by name.

    Returns:
        the classifier, in evaluation mode, with `history` and `provenance`.

    Raises:
        TypeError: for an option that does not exist or is of the wrong kind.
        ValueError: for an unknown architecture, a value out of its range, a precision that the processor lacks, data or
            vectors that cannot be trained on, or a resumption with other data or settings.
        FileExistsError: if `out` holds a model or an interrupted training already.
        PermissionError: if `out` may not be written.
        NotADirectoryError: if `out` is a file.
        OSError: if `out` cannot be used for another reason, such as a full disk.
        RuntimeError: if the loss becomes NaN or infinite; the best weights so far are saved in `out`.

    Example:
        >>> import attribkit as ak
        >>> data = ak.load_dataset("demo").sample(200)
        >>> model = ak.train("cnn", data, epochs=2, filters=8, embedding_size=16, seed=0)
        >>> model.labels, len(model.history)
        (('neg', 'pos'), 2)
        >>> model.save("my-model").name
        'my-model'
    """
    check_booleans(resume=resume, overwrite=overwrite)
    options |= {"snapshots": snapshots, "seed": seed}
    options |= {} if freeze_epochs is None else {"freeze_epochs": freeze_epochs}
    sort_options(architecture, options, text_settings)  # what is wrong is said before the data are read
    split = None if tokenizer is None else split_of(tokenizer)
    folder = None if out is None else Path(out)
    if vector_size is not None and glove is None:
        raise InputError(
            "`vector_size` reduces the vectors of a file; give it as `glove`, or set `embedding_size` instead"
        )
    if resume and folder is None:
        raise InputError("`resume` needs the folder the interrupted training wrote to; give it as `out`")
    if folder is not None:
        check_folder(folder, resume=resume, overwrite=overwrite)
    chosen = choose_device(device)
    processes.check(devices, nodes, chosen)
    watched = progress if processes.is_main_process() else False
    data = labelled_data(data, text, label, watched, task, label_separator, encoding)
    check_data(data)
    by_data = defaults(architecture, data, options, vectors=glove is not None, text_settings=text_settings)
    sorted_options = sort_options(architecture, {**by_data.options, **options}, text_settings)
    check_task_options(data, sorted_options, unit)
    check_precision(sorted_options, chosen)
    uses_cuda = chosen.type == "cuda" or torch.cuda.is_initialized()
    with preserve_random_state(uses_cuda, seed), shown(watched) as tell:
        plan = prepare(data, sorted_options, glove, vector_size, tell, split)
        called = name or f"{data.name}-{architecture}"
        run = Run(plan, data, called, folder, chosen, tell, devices, nodes, unit, by_data.sentences)
        return run.train(resume)
