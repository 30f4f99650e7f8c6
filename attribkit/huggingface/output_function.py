"""What a model's outputs mean: the function that its pipeline applies to them."""

from typing import Any, Literal

from attribkit.errors import InputError
from attribkit.plurals import number_of
from attribkit.task import Task

Function = Literal["softmax", "sigmoid", "none"]
_TASKS: dict[Function, Task] = {"softmax": "multiclass", "sigmoid": "multilabel", "none": "regression"}


def function_of(config: Any) -> tuple[Function, str]:
    """The function that `TextClassificationPipeline` applies, and why.

    Args:
        config: the model's configuration.

    Source: `postprocess` in transformers/pipelines/text_classification.py.
    """
    problem, labels = config.problem_type, config.num_labels
    if problem == "regression":
        return "none", "problem_type is regression"
    if problem == "multi_label_classification":
        return "sigmoid", "problem_type is multi_label_classification"
    if labels == 1:
        return "sigmoid", "it has one label and no problem_type"
    return "softmax", f"it has {number_of(labels, 'label')}" + ("" if problem else " and no problem_type")


def task_of_function(function: Function, labels: int) -> Task:
    """The task that a function stands for.

    Raises:
        InputError: for a softmax of one label, whose probability is always 1; for a regression of several numbers.
    """
    if function == "softmax" and labels == 1:
        raise InputError(
            "the model has one label and a softmax, so that its probability is always 1; set config.problem_type to "
            "'multi_label_classification' or 'regression', whichever it was trained for"
        )
    if function == "none" and labels > 1:
        raise InputError(
            f"a regression of one number was expected, the model has {labels}; explain one of them with a model whose "
            "head gives that one"
        )
    return _TASKS[function]
