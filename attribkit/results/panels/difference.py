"""Two sets of scores of one text: aligned token by token, and one minus the other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribkit.errors import InputError
from attribkit.results.panels.criteria import relative_error
from attribkit.results.panels.token_scores import TokenScores


@dataclass(frozen=True, eq=False)
class AlignedScores:
    """The spans of a text that two sets of scores share: a token, or several where the two split differently.

    Attributes:
        starts: (S,) where each span begins, in characters, in reading order.
        ends: (S,) where it ends.
        tokens: (S,) as the first model read them, else the second.
        known: (S,) whether every model that read the span knows all of its tokens.
        first: (S,) the summed scores of the first explanation; 0 where it did not read the span.
        second: (S,) those of the second, likewise.
        spread: (S,) the spread of the difference of the two; 0 where nothing was sampled.
        whole: whether both read the very same tokens.
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    tokens: tuple[str, ...]
    known: NDArray[np.bool_]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    spread: NDArray[np.float64]
    whole: bool


def align(a: TokenScores, b: TokenScores) -> AlignedScores:
    """The smallest spans that begin and end at a token boundary of both."""
    if np.array_equal(a.starts, b.starts) and np.array_equal(a.ends, b.ends):
        apart = np.hypot(_spread(a), _spread(b))
        return AlignedScores(a.starts, a.ends, a.tokens, a.known & b.known, a.scores, b.scores, apart, True)
    spans = sorted(
        (int(start), int(end), side, place)
        for side, panel in enumerate((a, b))
        for place, (start, end) in enumerate(zip(panel.starts, panel.ends, strict=True))
    )
    stretches: list[tuple[int, int, tuple[list[int], list[int]]]] = []
    for start, end, side, place in spans:
        if not stretches or (start >= stretches[-1][1] and (start, end) != stretches[-1][:2]):
            stretches.append((start, end, ([], [])))
        first, last, places = stretches[-1]
        places[side].append(place)
        stretches[-1] = (first, max(last, end), places)
    return AlignedScores(
        np.array([start for start, _, _ in stretches], dtype=np.int64),
        np.array([end for _, end, _ in stretches], dtype=np.int64),
        tuple(
            " ".join(panel.tokens[place] for place in own)
            for _, _, places in stretches
            for panel, own in [(a, places[0]) if places[0] else (b, places[1])]
        ),
        np.array([bool(a.known[in_a].all() and b.known[in_b].all()) for _, _, (in_a, in_b) in stretches], dtype=bool),
        np.array([a.scores[in_a].sum() for _, _, (in_a, _) in stretches], dtype=float),
        np.array([b.scores[in_b].sum() for _, _, (_, in_b) in stretches], dtype=float),
        # the tokens of one run may err together: their spreads are added; the two runs err each by itself
        np.array(
            [np.hypot(_spread(a)[in_a].sum(), _spread(b)[in_b].sum()) for _, _, (in_a, in_b) in stretches], dtype=float
        ),
        False,
    )


def _spread(panel: TokenScores) -> NDArray[np.float64]:
    return np.zeros(len(panel.scores)) if panel.spread is None else panel.spread


def difference(a: TokenScores, b: TokenScores) -> TokenScores:
    """The scores of a minus those of b, span by span: the attribution of the difference of the two changes.

    If both are complete, so is their difference, within the sum of both tolerances.

    Raises:
        ValueError: for scores in another unit or of another target.
    """
    for name, cure in (("unit", "output"), ("target", "target")):
        if getattr(a, name) != getattr(b, name):
            raise InputError(
                f"only scores of one {name} can be subtracted, got {getattr(a, name)!r} and {getattr(b, name)!r}; "
                f"explain both with the same `{cure}`"
            )
    aligned = align(a, b)
    scores = aligned.first - aligned.second
    outputs = (a.output_text - b.output_text, a.output_baseline - b.output_baseline)
    size = float(np.abs(scores).sum())
    owed = a.tolerance * float(np.abs(a.scores).sum()) + b.tolerance * float(np.abs(b.scores).sum())
    tolerance = max(a.tolerance, b.tolerance, owed / size if size else 0.0)
    converged = None if a.converged is None or b.converged is None else a.converged and b.converged
    if converged:
        converged = relative_error(scores, outputs[0] - outputs[1]) <= tolerance
    notes = [] if aligned.whole else ["where the two cut the text differently, their tokens are taken together"]
    notes += [f"one of the two {panel.verdict}" for panel in (a, b) if panel.converged is False]
    draws = [panel.draws for panel in (a, b) if panel.draws is not None]
    changes = [panel.rule_change for panel in (a, b) if panel.rule_change is not None]
    path_errors = [panel.path_error for panel in (a, b) if panel.path_error is not None]
    if tolerance > 0.01:
        notes.append("the differences are about as small as what either may be wrong by")
    unread = max(a.tokens_total - len(a.tokens), b.tokens_total - len(b.tokens))
    return TokenScores(
        starts=aligned.starts,
        ends=aligned.ends,
        tokens=aligned.tokens,
        scores=scores,
        known=aligned.known,
        unit=a.unit,
        target=a.target,
        method=a.method if a.method == b.method else f"{a.method} − {b.method}",
        baseline=a.baseline if a.baseline == b.baseline else f"{a.baseline} − {b.baseline}",
        steps=a.steps + b.steps,
        output_text=outputs[0],
        output_baseline=outputs[1],
        tolerance=tolerance,
        converged=converged,
        tokens_total=len(aligned.tokens) + unread,
        notes=tuple(dict.fromkeys([*a.notes, *b.notes, *notes])),
        sentence_starts=a.sentence_starts if aligned.whole else np.zeros(0, dtype=np.int64),
        rule_change=sum(changes) if changes else None,
        path_error=sum(path_errors) if path_errors else None,
        draws=sum(draws) if draws else None,
        spread=aligned.spread if draws else None,
    )
