"""A faithfulness result as tables and charts."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from attribkit.attribution.registry import METHODS
from attribkit.evaluation.cells import interval, number
from attribkit.evaluation.faithfulness.measures import OTHERS, PERCENTS, RANKED
from attribkit.evaluation.statistics import Estimate
from attribkit.results.panels import Chart, Convergence, Panel, Series, Table
from attribkit.results.panels.convergence import by_method
from attribkit.results.panels.table import Cell
from attribkit.task import Task

BEST, BOUND, MASKED = "best found", "proved bound", "random masking"
"""What stands beside the methods: the best removal found, what none can pass, and every token masked by chance."""
ARROWS = {"higher": "↑", "lower": "↓"}
WAYS = {"delete": "deleted", "pad": "replaced by PAD"}
_SHOWN = ("sufficiency", "log_probability_drop", "deletion_area", "insertion_area", "tau")


class Result(Protocol):
    """What is drawn of a `Faithfulness`."""

    @property
    def methods(self) -> tuple[str, ...]:
        """(M,)."""
        ...

    @property
    def removals(self) -> tuple[str, ...]:
        """(R,)."""
        ...

    @property
    def removed(self) -> NDArray[np.float64]:
        """(M, R, N, 13)."""
        ...

    @property
    def kept(self) -> NDArray[np.float64]:
        """(M, R, N, 13)."""
        ...

    @property
    def convergence(self) -> Mapping[str, Convergence]:
        """Of each method."""
        ...

    @property
    def task(self) -> Task:
        """Of the model."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences a reader must know."""
        ...

    def estimate(self, measure: str, method: str, removal: str = "delete", over: str | None = None) -> Estimate:
        """A mean and its interval."""
        ...

    def bracket(self) -> tuple[float, float] | None:
        """Of the best possible."""
        ...

    def share_of_best(self, method: str, removal: str = "delete", measure: str = "comprehensiveness") -> float | None:
        """Of the best possible."""
        ...


def panels(result: Result) -> tuple[Panel, ...]:
    """For each way to remove tokens two tables and two charts; then a table of what does not depend on it."""
    drawn: list[Panel] = []
    for way in result.removals:
        pairs = zip(_tables(result, way), _charts(result, way), strict=True)
        drawn += [panel for pair in pairs for panel in pair]
    perturbed = _sensitivity(result)
    return (*drawn, perturbed) if perturbed else tuple(drawn)


def _class(result: Result) -> str:
    return "a predicted label" if result.task == "multilabel" else "the predicted class"


def _title(measure: str) -> str:
    title, better = OTHERS[measure] if measure in OTHERS else (RANKED[measure].title, RANKED[measure].better)
    return f"{title} {ARROWS[better]}"


def _tables(result: Result, way: str) -> tuple[Table, Table]:
    """Comprehensiveness with its intervals; the other measures that a ranking decides."""
    methods = [
        method for method in (*result.methods, BEST, BOUND) if result.estimate("comprehensiveness", method, way).known
    ]
    masked = result.estimate("log_odds_drop", MASKED, way)
    columns = [f"comprehensiveness {ARROWS['higher']}", "95 % interval", "over random", "95 % interval ", "of the best"]
    if masked.known:
        columns += [_title("log_odds_drop"), "at random, exactly"]
    notes = (
        f"how much of {_class(result)}'s probability goes with the tokens that a method puts first, mean over the "
        "texts and the bins 1, 5, 10, 20 and 50 %",
        "the best found is the best possible for texts of at most 12 tokens, and for longer ones a lower bound of it, "
        "found by search",
        *_proved(result, way),
        f"where all tokens are {WAYS[way]}, at 100 %, every line ends at the answer to a text without words, so that a "
        "line may jump there",
        *(f"{name}: {METHODS[name].description}" for name in result.methods if name in METHODS),
        by_method(result.convergence),
        *result.notes,
    )
    main = tuple(_main_row(result, way, method, masked) for method in methods)
    others = tuple((method, *(_mean(result, name, method, way) for name in _SHOWN)) for method in methods)
    rest = ("means over the texts; ↑ higher is better, ↓ lower is better",)
    return (
        Table(f"Faithfulness, tokens {WAYS[way]}", ("method", *columns), main, notes),
        Table(f"Other measures, tokens {WAYS[way]}", ("method", *map(_title, _SHOWN)), others, rest),
    )


def _main_row(result: Result, way: str, method: str, masked: Estimate) -> tuple[Cell, ...]:
    """Comprehensiveness; and where random masking is known, the log-odds drop beside that of random masking."""
    own, bound = result.estimate("comprehensiveness", method, way), method in (BEST, BOUND)
    beside: list[Cell] = [None, None]
    if not bound and method != "random":
        over = result.estimate("comprehensiveness", method, way, over="random")
        beside = [number(over.mean), interval(over)]
    beside.append(None if bound else number(result.share_of_best(method, way)))
    if masked.known:
        beside += [None, None] if bound else [_mean(result, "log_odds_drop", method, way), number(masked.mean)]
    return (method, number(own.mean), interval(own), *beside)


def _mean(result: Result, measure: str, method: str, way: str) -> Cell:
    """A mean as a cell; None where the measure has none for that row."""
    if measure in OTHERS and method in (BEST, BOUND):
        return None
    return number(result.estimate(measure, method, way).mean)


def _proved(result: Result, way: str) -> tuple[str, ...]:
    """What is proved of this way to remove tokens, or why nothing is."""
    if way != "pad":
        return ("no bound of the best is proved: deletion moves tokens to other windows",)
    bracket = result.bracket()
    if bracket is None:
        return ("no bound of the best is proved: that takes a text CNN, texts whose best was sought, and Numba",)
    against = "" if result.task == "multilabel" else " against the runner-up"
    return (
        "no removal of as many tokens can pass the proved bound: on the texts searched, the best possible lies between "
        f"{bracket[0]:.3f} and {bracket[1]:.3f}",
        f"log-odds drop: of {_class(result)}{against}; at random: its exact mean on the texts searched, "
        "as many tokens removed on average, each with the same chance: what missing tokens do, whichever they are",
    )


def _charts(result: Result, way: str) -> list[Chart]:
    place = result.removals.index(way)
    named = (
        (f"The most important tokens {WAYS[way]}", "tokens removed (%)", result.removed),
        (f"Only the most important tokens left, the others {WAYS[way]}", "tokens left (%)", result.kept),
    )
    return [
        Chart(
            title,
            label,
            f"mean probability of {_class(result)}",
            tuple(
                Series(method, np.array(PERCENTS, dtype=float), np.exp(values[number, place]).mean(0))
                for number, method in enumerate(result.methods)
            ),
        )
        for title, label, values in named
    ]


def _sensitivity(result: Result) -> Table | None:
    rows: list[tuple[Cell, ...]] = []
    for method in result.methods:
        two = [result.estimate(measure, method) for measure in ("infidelity", "max_sensitivity")]
        if all(estimate.known for estimate in two):
            rows.append((method, *(cell for estimate in two for cell in (number(estimate.mean), interval(estimate)))))
    columns = ("method", _title("infidelity"), "95 % interval", _title("max_sensitivity"), "95 % interval of that")
    notes = (
        "infidelity: mean squared error (log-odds²) of the best-scaled scores in telling what the output loses when a "
        "tenth of the tokens goes; max-sensitivity: the largest relative change of the scores when every value of the "
        "embedding moves by up to .02",
    )
    return Table("Faithfulness to perturbed embeddings", columns, tuple(rows), notes) if rows else None
