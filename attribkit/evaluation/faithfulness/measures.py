"""The measures of faithfulness: functions of log-probabilities along a ranking of tokens.

p is the probability of the predicted class ŷ; a ranking puts the tokens that speak most for it first. Bins and curves
count tokens as ⌈share · T⌉, so that every bin removes at least one.

- **comprehensiveness** p(x) − p(x without the top k), over the bins 1, 5, 10, 20 and 50 %; higher is better.
  **sufficiency** p(x) − p(the top k alone); lower is better. Both as the plain mean over the bins, which ERASER's code
  takes, and as the paper's AOPC: there a term for k = 0 joins them and the sum is divided by 1 + 5. It is 0 for
  comprehensiveness, and p(x) − p(nothing) for sufficiency. (DeYoung et al., "ERASER", ACL 2020.)
- **log-probability drop** log p(x) − log p(x without the top k), in nats, mean over the bins; higher is better. The
  literature's "log-odds" is this with the opposite sign. (Shrikumar, Greenside & Kundaje, ICML 2017.)
- **log-odds drop** the same of the log-odds of the predicted class against the runner-up, z_ŷ − z_r: for two classes
  the log-odds. Of a text CNN its mean over random removals is known exactly (`bounds`).
- **deletion area** under p against the share of tokens removed, most important first, lower is better; **insertion
  area** under p against the share of tokens present, most important first, higher is better; trapezoids between 0, 1,
  5, 10, 20, … 100 %. (Petsiuk, Das & Saenko, "RISE", BMVC 2018.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERCENTS = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
BINS = (1, 5, 10, 20, 50)
AT_BINS = [PERCENTS.index(percent) for percent in BINS]
Numbers = NDArray[np.float64]


def counts_of(tokens: int, percents: tuple[int, ...] = PERCENTS) -> NDArray[np.int64]:
    """⌈percent · T / 100⌉ for each percent, in integers, so that no rounding of shares adds a token."""
    return -(-np.array(percents) * tokens // 100)


def _bins(of: Callable[[Numbers, Numbers, Numbers], Numbers]) -> Callable[[Numbers, Numbers, Numbers], Numbers]:
    return lambda whole, removed, kept: of(whole, removed[..., AT_BINS], kept[..., AT_BINS]).mean(-1)


def _area(curve: Numbers) -> Numbers:
    return np.trapezoid(np.exp(curve), np.array(PERCENTS) / 100, axis=-1)


def _aopc_sufficiency(whole: Numbers, removed: Numbers, kept: Numbers) -> Numbers:
    nothing = kept[..., :1]
    drop: Numbers = (np.exp(whole) - np.exp(np.concatenate((nothing, kept[..., AT_BINS]), axis=-1))).mean(-1)
    return drop


@dataclass(frozen=True)
class Measure:
    """One measure: a number per text.

    Attributes:
        title: its name in tables.
        better: "higher" or "lower".
        of: (log p of the texts (…, 1), log p with the top share removed (…, 13), with it alone kept (…, 13)) → (…,).
        log_odds: whether it uses log-odds against the runner-up instead of log p.
    """

    title: str
    better: str
    of: Callable[[Numbers, Numbers, Numbers], Numbers]
    log_odds: bool = False


RANKED: dict[str, Measure] = {
    "comprehensiveness": Measure(
        "comprehensiveness", "higher", _bins(lambda whole, removed, _: np.exp(whole) - np.exp(removed))
    ),
    "comprehensiveness_aopc": Measure(
        "comprehensiveness, AOPC with k = 0",
        "higher",
        lambda whole, removed, _: (np.exp(whole) - np.exp(removed[..., AT_BINS])).sum(-1) / (1 + len(BINS)),
    ),
    "sufficiency": Measure("sufficiency", "lower", _bins(lambda whole, _, kept: np.exp(whole) - np.exp(kept))),
    "sufficiency_aopc": Measure("sufficiency, AOPC with k = 0", "lower", _aopc_sufficiency),
    "log_probability_drop": Measure(
        "log-probability drop (nats)", "higher", _bins(lambda whole, removed, _: whole - removed)
    ),
    "log_odds_drop": Measure(
        "log-odds drop", "higher", _bins(lambda whole, removed, _: whole - removed), log_odds=True
    ),
    "deletion_area": Measure("deletion area", "lower", lambda _, removed, __: _area(removed)),
    "insertion_area": Measure("insertion area", "higher", lambda _, __, kept: _area(kept)),
}
"""The measures that follow from a ranking alone, by name."""

OTHERS: dict[str, tuple[str, str]] = {
    "tau": ("τ with leave-one-out", "higher"),
    "infidelity": ("infidelity", "lower"),
    "max_sensitivity": ("max-sensitivity", "lower"),
}
"""Title and better direction of the measures that follow from the scores themselves."""
