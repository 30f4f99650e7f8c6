"""What a model's outputs mean: one of several classes, any number of labels at once, or a number."""

from typing import Literal, get_args

from attribkit.errors import InputError, did_you_mean

Task = Literal["multiclass", "multilabel", "regression"]
"""One label of two or more; labels that hold or not, each by itself; a number."""

TASKS: tuple[Task, ...] = get_args(Task)

THRESHOLD = 0.5
"""The probability from which on a label of a multi-label model is predicted."""


def check_task(task: str) -> Task:
    """The task of this name.

    Raises:
        ValueError: for another name; the sentence lists those that there are.
    """
    for known in TASKS:
        if task == known:
            return known
    raise InputError(f"`task` must be one of {', '.join(TASKS)}, got {task!r}{did_you_mean(task, TASKS)}")


def check_one_label(task: Task, asked: str, instead: str) -> None:
    """Refuse a model that gives a text several labels, or a number.

    Args:
        task: of the model.
        asked: what was asked for, such as "`faithfulness`".
        instead: what does work.

    Raises:
        ValueError: for such a model.
    """
    if task != "multiclass":
        raise InputError(f"{asked} needs a model of one label a text, this one is {task}; {instead}")
