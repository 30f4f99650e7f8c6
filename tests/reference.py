"""Slow, obvious versions of what attribkit computes cleverly."""

import copy
import re
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise, permutations, product
from math import comb, factorial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def cnn_from_embeddings(network: Any, embedded: Tensor, mask: Tensor) -> Tensor:
    """Logits of a text CNN whose embeddings (B, T, E) are given, one text and one window at a time."""
    logits = []
    for text, real in zip(embedded, mask, strict=True):
        length = int(real.sum())
        features = []
        for convolution in network.convolutions:
            (width,) = convolution.kernel_size
            padded = F.pad(text[:length], (0, 0, width - 1, width - 1))
            windows = [
                torch.einsum("fek,ke->f", convolution.weight, padded[start : start + width]) + convolution.bias
                for start in range(length + width - 1)
            ]
            features.append(F.relu(torch.stack(windows).amax(0)))
        logits.append(network.output(torch.cat(features)))
    return torch.stack(logits)


def from_embeddings(network: Any, embedded: Tensor, mask: Tensor) -> Tensor:
    """Logits of any network whose embeddings (B, T, E) are given in place of its own."""
    handle = network.embedding.register_forward_hook(lambda *_: embedded)
    try:
        return network(torch.zeros(mask.shape, dtype=torch.int64), mask)
    finally:
        handle.remove()


def rounding(network: Any, embedded: Tensor, mask: Tensor) -> Tensor:
    """(B, C) how far apart two orders of adding up a CNN's logits may end: number of terms · eps/2 · magnitude, each.

    The terms are those of a window and of a logit, with their biases. The magnitude is the logit of the absolute
    weights and inputs: no window, no logit sums anything larger in absolute value.
    """
    absolute = copy.deepcopy(network)
    with torch.no_grad():
        for parameter in absolute.parameters():
            parameter.abs_()
        convolution = max(network.convolutions, key=lambda one: one.weight[0].numel())
        terms = convolution.weight[0].numel() + 1 + network.output.in_features + 1
        return terms * torch.finfo(embedded.dtype).eps * from_embeddings(absolute, embedded.abs(), mask)


def path_rates(
    network: Any,
    ids: Tensor,
    mask: Tensor,
    baseline: Tensor,
    scalar: Callable[[Tensor], Tensor],
    steps: int,
    run: Callable[[Any, Tensor, Tensor], Tensor] = from_embeddings,
) -> Tensor:
    """Each token's part (steps + 1, B, T) of the scalar's rate of change along the path, one autograd call a point.

    Args:
        network, ids (B, T), mask (B, T): as everywhere.
        baseline: (B, T, E).
        scalar: logits (B, C) → the number explained (B,).
        steps: intervals between the points.
        run: (network, embeddings, mask) → logits.
    """
    text = network.embedding(ids).detach() * mask.unsqueeze(2)
    rates = []
    for step in range(steps + 1):
        point = (baseline + step / steps * (text - baseline)).detach().requires_grad_()
        (gradient,) = torch.autograd.grad(scalar(run(network, point, mask)).sum(), point)
        rates.append(((text - baseline) * gradient).sum(2))
    return torch.stack(rates)


def integrated_gradients(rates: Tensor) -> Tensor:
    """Scores (B, T) by the trapezoid rule from the `path_rates` (steps + 1, B, T)."""
    return (rates.sum(0) - (rates[0] + rates[-1]) / 2) / (len(rates) - 1)


def dense_integrated_gradients(run: Any, embedded: Tensor, baseline: Tensor, output: Any, panels: int) -> Tensor:
    """Integrated gradients (B, T) by 8 Gauss–Legendre nodes on each of many equal parts of the path.

    Args:
        run: embeddings (B, T, E) to logits (B, C).
        embedded, baseline: (B, T, E).
        output: logits (B, C) to the scalar (B,).
        panels: how many parts.
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total, way = torch.zeros(embedded.shape[:2], dtype=torch.float64), embedded - baseline
    for panel in range(panels):
        for node, weight in zip(nodes, weights, strict=True):
            point = (baseline + (panel + (node + 1) / 2) / panels * way).requires_grad_()
            (gradient,) = torch.autograd.grad(output(run(point)).sum(), point)
            total += weight / 2 / panels * (gradient * way).sum(2)
    return total


def expected_gradients(
    network: Any,
    ids: Tensor,
    baseline: Tensor,
    scalar: Callable[[Tensor], Tensor],
    alphas: list[float],
) -> list[list[float]]:
    """One text's ⟨x − x′, ∂F/∂x⟩ at each point of the path, a row per point; ids (1, T), baseline (1, T, E)."""
    mask, text = torch.ones(ids.shape, dtype=torch.bool), network.embedding(ids).detach()
    rows = []
    for alpha in alphas:
        point = (baseline + alpha * (text - baseline)).requires_grad_()
        (gradient,) = torch.autograd.grad(scalar(from_embeddings(network, point, mask)).sum(), point)
        rows.append(((text - baseline) * gradient).sum(2)[0].tolist())
    return rows


def coalition_value(
    network: Any, ids: Tensor, scalar: Callable[[Tensor], Tensor], kept: set[int], pad: int = 0
) -> float:
    """What the network says of one text, ids (1, T), when only these tokens are kept, the others being PAD."""
    some = ids.clone()
    some[0, [place for place in range(ids.shape[1]) if place not in kept]] = pad
    with torch.no_grad():
        return scalar(network(some, torch.ones(ids.shape, dtype=torch.bool)).double()).item()


def shapley_values(value: Callable[[set[int]], float], players: int) -> list[float]:
    """By the definition: what a player adds, averaged over all coalitions without it."""
    found = []
    for player in range(players):
        others, total = [one for one in range(players) if one != player], 0.0
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for some in combinations(others, size):
                total += weight * (value({*some, player}) - value(set(some)))
        found.append(total)
    return found


def envelope_height(intercepts: list[float], slopes: list[float], alpha: float) -> float:
    """The upper envelope of lines and of zero at one α."""
    return max(0.0, *(a + alpha * s for a, s in zip(intercepts, slopes, strict=True)))


def envelope_pieces(intercepts: list[float], slopes: list[float]) -> list[tuple[int, float, float]]:
    """(line, start, end) of each line's stretch on the upper envelope and above zero, by trying all crossings.

    Between two neighbouring ones of all points where any two lines, or a line and zero, cross, nothing changes: the
    line highest in the middle is the highest throughout. Of lines that coincide the first is named.
    """
    lines = list(dict.fromkeys([*zip(intercepts, slopes, strict=True), (0.0, 0.0)]))
    cuts = {0.0, 1.0}
    for number, (a, s) in enumerate(lines):
        cuts.update((a - b) / (r - s) for b, r in lines[:number] if r != s)
    grid = sorted(cut for cut in cuts if 0 <= cut <= 1)
    pieces: list[tuple[int, float, float]] = []
    for start, end in pairwise(grid):
        middle = (start + end) / 2
        a, s = max(lines, key=lambda line: line[0] + middle * line[1])
        if a + middle * s <= 0:
            continue
        line = next(n for n, pair in enumerate(zip(intercepts, slopes, strict=True)) if pair == (a, s))
        if pieces and pieces[-1][0] == line and pieces[-1][2] == start:
            start = pieces.pop()[1]
        pieces.append((line, start, end))
    return pieces


def layer_output(network: Any, name: str, ids: Any, steps: bool, reduce: str) -> Any:
    """One layer's vector (H,) for one text alone, its steps reduced by a loop."""
    found: list[Any] = []
    module = dict(network.named_modules())[name]
    handle = module.register_forward_hook(lambda module, inputs, output: found.append(output))
    try:
        with torch.no_grad():
            network(torch.tensor(ids)[None], torch.ones(1, len(ids), dtype=torch.bool))
    finally:
        handle.remove()
    output = found[-1][0] if isinstance(found[-1], tuple) else found[-1]
    if not steps:
        return output[0].numpy()
    rows = list(output[0].T if name.startswith("convolutions") else output[0])
    if reduce == "mean":
        return (sum(rows) / len(rows)).numpy()
    if reduce == "max":
        return torch.stack(rows).max(0).values.numpy()
    if name == "rnn":
        half = len(rows[0]) // 2
        return torch.cat((rows[-1][:half], rows[0][half:])).numpy()
    return rows[-1].numpy()


def nearest(points: Any, k: int) -> list[list[int]]:
    """Each point's k nearest others, by sorting all distances."""
    result = []
    for one, point in enumerate(points):
        distances = [(float(sum((point - other) ** 2)), number) for number, other in enumerate(points) if number != one]
        result.append([number for _, number in sorted(distances)[:k]])
    return result


def orders(points: Any, one: int) -> list[list[int]]:
    """Every order in which the other points may stand by their distance from one, where equally far ones may swap."""
    apart = [float(sum((point - points[one]) ** 2)) for point in points]
    others = [number for number in range(len(points)) if number != one]
    groups = [[number for number in others if apart[number] == reach] for reach in sorted({apart[i] for i in others})]
    return [[number for part in parts for number in part] for parts in product(*map(permutations, groups))]


def votes(points: Any, labels: Any, classes: int, k: int) -> list[list[float]]:
    """The share of each point's k nearest in each class, the mean over all orders of equally far points."""
    result = []
    for one in range(len(points)):
        each = [[labels[number] for number in order[:k]] for order in orders(points, one)]
        result.append([sum(found.count(c) for found in each) / len(each) / k for c in range(classes)])
    return result


def trustworthiness(layer: Any, points: Any, k: int) -> float:
    """1 − 2 / (n k (2n − 3k − 1)) · Σ max(rank in the layer − k, 0) over neighbours on the map, over all orders."""
    count, excess = len(layer), 0.0
    for one in range(count):
        high, low = orders(layer, one), orders(points, one)
        each = [sum(max(a.index(j) + 1 - k, 0) for j in b[:k]) for a in high for b in low]
        excess += sum(each) / len(each)
    return 1 - 2 * excess / (count * k * (2 * count - 3 * k - 1))


def silhouette(points: Any, labels: Any) -> list[float]:
    """Each point's silhouette by its definition."""
    result = []
    for one, point in enumerate(points):
        means = {}
        for label in set(labels.tolist()):
            others = [i for i in range(len(points)) if labels[i] == label and i != one]
            if others:
                means[label] = sum(float(sum((point - points[i]) ** 2)) ** 0.5 for i in others) / len(others)
        own = means.pop(int(labels[one]), None)
        if own is None or not means or max(own, min(means.values())) == 0:
            result.append(0.0)
        else:
            result.append((min(means.values()) - own) / max(own, min(means.values())))
    return result


def kendall_tau_b(a: list[float], b: list[float]) -> float:
    """Kendall's τ-b by looking at every pair: (alike − unlike) / √((pairs − ties of a) (pairs − ties of b))."""
    alike = unlike = tied_a = tied_b = pairs = 0
    for i, j in combinations(range(len(a)), 2):
        pairs += 1
        product = (a[i] - a[j]) * (b[i] - b[j])
        alike, unlike = alike + (product > 0), unlike + (product < 0)
        tied_a, tied_b = tied_a + (a[i] == a[j]), tied_b + (b[i] == b[j])
    return (alike - unlike) / ((pairs - tied_a) * (pairs - tied_b)) ** 0.5


def attention(network: Any, ids: Tensor) -> Tensor:
    """The weights (T,) of an attention-RNN for one text's ids (T,), step by step: softmax of v·h or v·tanh(W h + b)."""
    states, _ = network.rnn(network.embedding(ids).unsqueeze(0))
    scores = []
    for state in states[0]:
        if network.projection is not None:
            state = torch.tanh(network.projection.weight @ state + network.projection.bias)
        scores.append(network.attention.weight[0] @ state)
    raised = torch.exp(torch.stack(scores))
    return raised / raised.sum()


def calibration_error(confidence: list[float], right: list[bool], bins: int) -> float:
    """The expected calibration error, one bin and one answer at a time."""
    total = 0.0
    for number in range(bins):
        last = number == bins - 1
        inside = [
            (sure, hit)
            for sure, hit in zip(confidence, right, strict=True)
            if sure >= number / bins and (last or sure < (number + 1) / bins)
        ]
        if inside:
            sure = sum(sure for sure, _ in inside) / len(inside)
            share = sum(hit for _, hit in inside) / len(inside)
            total += len(inside) / len(right) * abs(share - sure)
    return total


def probability_without(run: Callable[[list[int]], float], ids: list[int], gone: set[int], how: str, pad: int) -> float:
    """What `run` says of a text's ids when the tokens at some places go, by deletion or by PAD in their place."""
    if how == "pad":
        return run([pad if place in gone else one for place, one in enumerate(ids)])
    return run([one for place, one in enumerate(ids) if place not in gone] or [pad])


def comprehensiveness_and_sufficiency(
    run: Callable[[list[int]], float], ids: list[int], scores: list[float], how: str, pad: int
) -> dict[str, float]:
    """ERASER's two, as its code (plain mean) and as its paper (with k = 0) have them, one bin and one run at a time."""
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], place))
    whole, drops, lacks = run(ids), [], []
    for percent in (1, 5, 10, 20, 50):
        count = (percent * len(ids) + 99) // 100
        top, rest = set(order[:count]), set(order[count:])
        drops.append(whole - probability_without(run, ids, top, how, pad))
        lacks.append(whole - probability_without(run, ids, rest, how, pad))
    nothing = whole - probability_without(run, ids, set(order), how, pad)
    return {
        "comprehensiveness": sum(drops) / 5,
        "sufficiency": sum(lacks) / 5,
        "comprehensiveness_aopc": (0.0 + sum(drops)) / 6,
        "sufficiency_aopc": (nothing + sum(lacks)) / 6,
    }


def area_under(
    run: Callable[[list[int]], float], ids: list[int], scores: list[float], how: str, pad: int, kept: bool
) -> float:
    """The area under the probability as tokens go, or as they come, the most important first, by trapezoids."""
    order = sorted(range(len(ids)), key=lambda place: (-scores[place], place))
    shares, heights = [0, 1, 5, *range(10, 101, 10)], []
    for percent in shares:
        count = (percent * len(ids) + 99) // 100
        gone = set(order[count:]) if kept else set(order[:count])
        heights.append(probability_without(run, ids, gone, how, pad))
    pairs = zip(pairwise(shares), pairwise(heights), strict=True)
    return sum((b - a) / 100 * (low + high) / 2 for (a, b), (low, high) in pairs)


def spearman(a: list[float], b: list[float]) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, each the mean of the places that its ties could have."""

    def ranks(values: list[float]) -> list[float]:
        return [sum(other < one for other in values) + (values.count(one) + 1) / 2 for one in values]

    first, second = ranks(a), ranks(b)
    middle = (len(a) + 1) / 2
    both = sum((x - middle) * (y - middle) for x, y in zip(first, second, strict=True))
    spread = sum((x - middle) ** 2 for x in first) * sum((y - middle) ** 2 for y in second)
    return both / spread**0.5


def plausibility(scores: list[float], truth: list[bool]) -> tuple[float, float, float, float]:
    """AUPRC by a sweep of thresholds, token F1 at the rationale's length, IoU F1 of runs, average precision."""
    points = [(0.0, 1.0)]
    for threshold in sorted(set(scores), reverse=True):
        taken = [truth[i] for i, score in enumerate(scores) if score >= threshold]
        points.append((sum(taken) / sum(truth), sum(taken) / len(taken)))
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
    steps = sum((b[0] - a[0]) * b[1] for a, b in pairwise(points))
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    chosen = set(order[: sum(truth)])
    real = {place for place, one in enumerate(truth) if one}
    precision, recall = len(chosen & real) / len(chosen), len(chosen & real) / len(real)
    token_f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    def runs(places: set[int]) -> list[set[int]]:
        found: list[set[int]] = []
        for place in sorted(places):
            if found and place - 1 in found[-1]:
                found[-1].add(place)
            else:
                found.append({place})
        return found

    ours, theirs = runs(chosen), runs(real)
    hit = sum(any(len(a & b) / len(a | b) >= 0.5 for b in theirs) for a in ours) / len(ours)
    met = sum(any(len(a & b) / len(a | b) >= 0.5 for a in ours) for b in theirs) / len(theirs)
    return area, token_f1, 2 * hit * met / (hit + met) if hit + met else 0.0, steps


def passages_worth(
    scores: list[float], sentences: list[int], clauses: list[int], signs: Sequence[int], once: float, inside: float
) -> float:
    """What one choice of a sign for each clause is worth."""
    ends, sentence_ends = [*clauses[1:], len(scores)], [*sentences[1:], len(scores)]
    average = sum(abs(sum(scores[a:b])) for a, b in zip(sentences, sentence_ends, strict=True)) / len(scores)
    worth, before = 0.0, 0
    for first, end, sign in zip(clauses, ends, signs, strict=True):
        if sign:
            worth += sign * sum(scores[first:end]) - average * (end - first)
        if sign != before:
            worth -= once * average * (sign != 0) + inside * average * (first not in sentences)
        before = sign
    return worth


def best_passages_worth(
    scores: list[float], sentences: list[int], clauses: list[int], once: float, inside: float
) -> float:
    """The best of all 3^C choices."""
    choices = product((0, 1, -1), repeat=len(clauses))
    return max(passages_worth(scores, sentences, clauses, signs, once, inside) for signs in choices)


def run_means(tokens: list[list[str]], scores: list[list[float]], length: int) -> dict[str, tuple[float, int, int]]:
    """For each run of so many tokens its mean summed score, its occurrences and its texts, one run at a time."""
    found: dict[str, list[tuple[float, int]]] = {}
    for text, (spelt, values) in enumerate(zip(tokens, scores, strict=True)):
        for first in range(len(spelt) - length + 1):
            run = spelt[first : first + length]
            if all(any(character.isalnum() for character in token) for token in run):
                found.setdefault(" ".join(run), []).append((sum(values[first : first + length]), text))
    return {
        run: (sum(score for score, _ in places) / len(places), len(places), len({text for _, text in places}))
        for run, places in found.items()
    }


def bootstrap_mean(values: list[list[float]], draws: list[list[int]]) -> list[float]:
    """The mean over all values of the texts drawn, one drawing at a time; the texts' values are given by text."""
    means = []
    for drawn in draws:
        pooled = [value for text in drawn for value in values[text]]
        if pooled:
            means.append(sum(pooled) / len(pooled))
    return means


def bootstrap_interval(measure: Callable[[list[int]], float], texts: int) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles of a measure of the texts drawn, one drawing of 1,000 at a time."""
    draws = np.random.default_rng(0).integers(0, texts, (1_000, texts)).tolist()
    low, high = np.quantile([measure(drawn) for drawn in draws], (0.025, 0.975))
    return float(low), float(high)


def wilson_interval(hits: int, texts: int) -> tuple[float, float]:
    """The shares p whose own standard error √(p (1 − p) / N) puts the share seen 1.96 of it away, by halving."""
    seen = hits / texts

    def end(inside: float, outside: float) -> float:
        for _ in range(200):
            middle = (inside + outside) / 2
            near = abs(middle - seen) <= 1.959963984540054 * (middle * (1 - middle) / texts) ** 0.5
            inside, outside = (middle, outside) if near else (inside, middle)
        return inside

    return end(seen, 0.0), end(seen, 1.0)


def f1_of(true: list[int], predicted: list[int], label: int) -> float:
    """F1 of a label, one text at a time; 0 where it neither holds nor is predicted."""
    hits = sum(a == b == label for a, b in zip(true, predicted, strict=True))
    wholes = sum((a == label) + (b == label) for a, b in zip(true, predicted, strict=True))
    return 2 * hits / wholes if wholes else 0.0


def best_removals(
    run: Callable[[list[int]], float], ids: list[int], how: str, pad: int
) -> tuple[list[float], list[float]]:
    """(T + 1,) by the number of tokens: the least `run` says with so many removed, the most with so many kept alone."""
    places = set(range(len(ids)))
    least, most = [], []
    for count in range(len(ids) + 1):
        sets = [set(some) for some in combinations(sorted(places), count)]
        least.append(min(probability_without(run, ids, some, how, pad) for some in sets))
        most.append(max(probability_without(run, ids, places - some, how, pad) for some in sets))
    return least, most


def coalition_values(network: Any, ids: Tensor, baseline: Tensor, scalar: Callable[[Tensor], Tensor]) -> list[float]:
    """The scalar of each of the 2^T coalitions of one text's words; bit i of a coalition says whether word i is there.

    Args:
        network: a text CNN.
        ids: (T,).
        baseline: (T, E), what takes an absent word's place.
        scalar: logits (1, C) → the number explained (1,).
    """
    text, length = network.embedding(ids).detach(), len(ids)
    present = torch.tensor([[coalition >> word & 1 for word in range(length)] for coalition in range(2**length)])
    embedded = torch.where(present.bool().unsqueeze(2), text, baseline)
    values = []
    for some in embedded.split(4_096):
        with torch.no_grad():
            values += scalar(from_embeddings(network, some, torch.ones(some.shape[:2], dtype=torch.bool))).tolist()
    return values


def banzhaf_values(values: list[float]) -> list[float]:
    """Each player's Banzhaf value: the mean of what it adds to the coalitions of the others."""
    players = len(values).bit_length() - 1
    added: list[list[float]] = [[] for _ in range(players)]
    for player in range(players):
        for coalition in range(len(values)):
            if not coalition >> player & 1:
                added[player].append(values[coalition | 1 << player] - values[coalition])
    return [sum(some) / len(some) for some in added]


def shapley_interactions(values: list[float]) -> list[list[float]]:
    """The Shapley interaction index of each pair, by its definition; 0 on the diagonal."""
    players = len(values).bit_length() - 1
    found = [[0.0] * players for _ in range(players)]
    for one, other in combinations(range(players), 2):
        first, second = 1 << one, 1 << other
        for coalition in range(len(values)):
            if coalition & (first | second):
                continue
            together = values[coalition | first | second] + values[coalition]
            apart = values[coalition | first] + values[coalition | second]
            found[one][other] += (together - apart) / ((players - 1) * comb(players - 2, coalition.bit_count()))
        found[other][one] = found[one][other]
    return found


def expected_value(values: list[float], chance: float) -> float:
    """The mean value of a coalition that each player joins with the same chance."""
    players = len(values).bit_length() - 1
    sizes = [coalition.bit_count() for coalition in range(len(values))]
    return sum(
        value * chance**size * (1 - chance) ** (players - size) for value, size in zip(values, sizes, strict=True)
    )


def least_and_greatest(values: list[float], counts: list[int]) -> tuple[list[float], list[float]]:
    """The extremes of the values of all coalitions that lack at most so many players."""
    players = len(values).bit_length() - 1
    within = [
        [value for coalition, value in enumerate(values) if players - coalition.bit_count() <= count]
        for count in counts
    ]
    return [min(some) for some in within], [max(some) for some in within]


def integrated_hessian(
    gradients: Callable[[Tensor], Tensor], text: Tensor, baseline: Tensor, steps: int, width: float
) -> Tensor:
    """Integrated Hessians (T, T) of one text, the second derivatives by differences of the gradients.

    At many points of the path word j alone moves a little to either side; how ⟨d_i, ∇_i⟩ changes by that is averaged.

    Args:
        gradients: (N, T, E) embeddings → (N, T) ⟨d_i, ∂S/∂x_i⟩ there.
        text, baseline: (T, E).
        steps: midpoints of the integral over γ, whose density is −ln γ.
        width: of the central difference.
    """
    way, length = text - baseline, len(text)
    total = torch.zeros(length, length, dtype=text.dtype)
    moved = torch.eye(length, dtype=text.dtype).unsqueeze(2) * way * width / 2  # (T, T, E), row j moves word j
    for gammas in ((torch.arange(steps, dtype=text.dtype) + 0.5) / steps).split(500):
        points = baseline + gammas.view(-1, 1, 1) * way
        around = torch.stack((points.unsqueeze(1) - moved, points.unsqueeze(1) + moved))  # (2, N, T, T, E)
        before, after = gradients(around.flatten(0, 2)).unflatten(0, around.shape[:3])  # (N, T, T) each
        densities = -gammas.log() / steps
        total += torch.einsum("n,nji->ij", densities * gammas, (after - before) / width)
        total += torch.diag(densities @ gradients(points))
    return total


def refitted_layer(features: Any, labels: Any, classes: int, penalty: float) -> Any:
    """(C, D) the minimum of Σ cross-entropy + penalty/2 ‖W‖², by Newton's steps from zero with autograd's Hessian.

    Features (N, D) hold a last 1 for the bias. Slow: the Hessian is that of all C · D numbers at once.
    """
    inputs, classes_of = torch.as_tensor(features), torch.as_tensor(labels)
    weights = torch.zeros(classes * inputs.shape[1], dtype=torch.float64)

    def objective(flat: Tensor) -> Tensor:
        logits = inputs @ flat.view(classes, -1).T
        return F.cross_entropy(logits, classes_of, reduction="sum") + penalty / 2 * (flat**2).sum()

    for _ in range(50):
        start = weights.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(objective(start), start)
        hessian = torch.autograd.functional.hessian(objective, weights)
        step, size = torch.linalg.solve(hessian, gradient), 1.0
        while objective(weights - size * step) > objective(weights) + 1e-12 and size > 1e-9:
            size /= 2
        weights = weights - size * step
        if float(gradient.abs().max()) < 1e-12:
            break
    return weights.view(classes, -1).numpy()


def shares_of_ngrams(pipeline: Any, text: str, spans: list[tuple[int, int]]) -> list[float]:
    """A linear pipeline's w·x for the second class, n-gram by n-gram, shared out to the tokens at `spans`.

    Of each feature what the decision value loses when that feature alone is set to 0. Each occurrence of its n-gram
    gets an equal part (of hashes, with its sign), and its words, or its characters in tokens, share that equally.
    """
    *before, (_, classifier) = pipeline.steps
    features = np.asarray(pipeline[:-1].transform([text]).todense()).reshape(-1)
    whole = float(classifier.decision_function(features[np.newaxis])[0])
    lost = []
    for column in range(len(features)):
        if not features[column]:
            lost.append(0.0)
            continue
        without = features.copy()
        without[column] = 0
        lost.append(whole - float(classifier.decision_function(without[np.newaxis])[0]))
    kept: Any = range(len(features))
    for _, step in before[1:]:
        if hasattr(step, "get_support"):
            kept = step.get_support(indices=True).tolist()
    scores, offset, first = [0.0] * len(spans), 0, before[0][1]
    parts = [part for _, part in first.transformer_list] if hasattr(first, "transformer_list") else [first]
    for part in parts:
        vectorizer = part[0] if hasattr(part, "steps") else part
        hashing = not hasattr(vectorizer, "vocabulary_")
        grams = _grams(vectorizer, text)
        assert sorted(gram for gram, _ in grams) == sorted(vectorizer.build_analyzer()(text))
        by_column: dict[int, list[tuple[int, list[int]]]] = {}
        for gram, places in grams:
            sign = 1
            if hashing:
                row = vectorizer._get_hasher().transform([[gram]]).tocoo()
                column, sign = int(row.coords[-1][0]), int(np.sign(row.data[0]))
            elif gram in vectorizer.vocabulary_:
                column = vectorizer.vocabulary_[gram]
            else:
                continue
            by_column.setdefault(column + offset, []).append((sign, places))
        for column, occurrences in by_column.items():
            total = sum(sign for sign, _ in occurrences)
            if column not in kept or not total:
                continue
            value = lost[kept.index(column)]
            for sign, places in occurrences:
                for token, share in _shared(places, spans, vectorizer.analyzer == "word").items():
                    scores[token] += value * sign / total * share
        offset += vectorizer.n_features if hashing else len(vectorizer.vocabulary_)
    return scores


def _shared(places: list[int], spans: list[tuple[int, int]], words: bool) -> dict[int, float]:
    """Of an n-gram the share of each token; `places` are characters, of words each one's first."""
    holders = [token for place in places for token, (start, end) in enumerate(spans) if start <= place < end]
    if not holders:
        assert not words
        holders = [max([token for token, (start, _) in enumerate(spans) if start <= places[0]], default=0)]
    return {token: holders.count(token) / len(holders) for token in set(holders)}


def _grams(vectorizer: Any, text: str) -> list[tuple[str, list[int]]]:
    """Each n-gram with the places in the text: of its words each one's first character, else its own characters."""
    preprocess = vectorizer.build_preprocessor()
    source = [place for place, character in enumerate(text) for _ in preprocess(character)]
    read = preprocess(text)
    low, high = vectorizer.ngram_range
    grams: list[tuple[str, list[int]]] = []
    if vectorizer.analyzer == "word":
        tokens, cursor = [], 0
        stop = vectorizer.get_stop_words() or ()
        pattern = None if vectorizer.tokenizer else re.compile(vectorizer.token_pattern)
        if pattern is not None:
            tokens = [
                (m.group(min(pattern.groups, 1)), m.start(min(pattern.groups, 1))) for m in pattern.finditer(read)
            ]
        else:
            for word in vectorizer.tokenizer(read):
                start = read.index(word, cursor)
                tokens.append((word, start))
                cursor = start + len(word)
        tokens = [(word, start) for word, start in tokens if word not in stop]
        for size in range(low, high + 1):
            for first in range(len(tokens) - size + 1):
                some = tokens[first : first + size]
                grams.append((" ".join(word for word, _ in some), [source[start] for _, start in some]))
        return grams
    characters, spaces = [], 0
    for place, character in zip(source, read, strict=True):
        spaces = spaces + 1 if character.isspace() else 0
        if spaces <= 1:
            characters.append((character, place))
        elif spaces == 2:
            characters[-1] = (" ", characters[-1][1])
    if vectorizer.analyzer == "char":
        runs = [characters]
    else:
        runs = [[]]
        for character, place in characters:
            if character.isspace():
                runs.append([])
            else:
                runs[-1].append((character, place))
        runs = [[(" ", run[0][1]), *run, (" ", run[-1][1])] for run in runs if run]
    for run in runs:
        for size in range(low, high + 1):
            inside = vectorizer.analyzer == "char_wb"
            for first in range(max(1, len(run) - size + 1) if inside else len(run) - size + 1):
                some = run[first : first + size]
                own = some
                if inside:  # the spaces around a word are none of the text: they count only where nothing else does
                    cut = slice(1 if first == 0 else 0, len(some) - (first + len(some) == len(run)))
                    own = some[cut] or some
                places = [place for _, place in own]
                grams.append(("".join(character for character, _ in some), list(range(min(places), max(places) + 1))))
            if inside and len(run) <= size:
                break
    return grams


def attention_rollout(layers: list[list[list[float]]], residual: bool) -> list[list[float]]:
    """How much of each place reaches each place of the last layer, path by path (Abnar & Zuidema 2020)."""
    size = len(layers[0])
    steps = [
        [[0.5 * row[j] + 0.5 * (i == j) if residual else row[j] for j in range(size)] for i, row in enumerate(layer)]
        for layer in layers
    ]

    def reaching(depth: int, i: int, j: int) -> float:
        if depth == 0:
            return float(i == j)
        return sum(steps[depth - 1][i][k] * reaching(depth - 1, k, j) for k in range(size))

    return [[reaching(len(layers), i, j) for j in range(size)] for i in range(size)]


def value_norms(value: Tensor, table: Tensor, weights: Tensor) -> Tensor:
    """‖Σ_h α_h[i, j] · v_h[j] W_h‖ for each pair of places, one by one (Kobayashi et al. 2020).

    Args:
        value: (S, heads · size) the value vectors of all heads beside each other.
        table: (heads · size, E) what puts the heads together.
        weights: (heads, S, S).
    """
    heads, places, _ = weights.shape
    size = len(table) // heads
    groups = value.shape[1] // size  # heads that share a value vector stand beside each other
    norms = torch.zeros(places, places)
    for i in range(places):
        for j in range(places):
            taken = torch.zeros(table.shape[1])
            for h in range(heads):
                own = h * groups // heads
                taken += weights[h, i, j] * (value[j, own * size : (own + 1) * size] @ table[h * size : (h + 1) * size])
            norms[i, j] = taken.norm()
    return norms


def value_zeroing(run: Callable[[], Tensor], value: Any, share: int) -> Tensor:
    """1 − cos of each place's vector with and without the value vectors of each place (Mohebbi et al. 2023).

    Args:
        run: the whole model on a text; the output (S, E) of the layer.
        value: the module of the layer that makes value vectors.
        share: they are the last 1 / share of its output.
    """
    whole = run()
    changes = torch.zeros(len(whole), len(whole))
    for j in range(len(whole)):

        def zeroed(_: Any, __: Any, output: Tensor, j: int = j) -> Tensor:
            output = output.clone()
            output[:, j, -(output.shape[-1] // share) :] = 0
            return output

        handle = value.register_forward_hook(zeroed)
        try:
            changes[:, j] = 1 - torch.cosine_similarity(run(), whole, dim=-1)
        finally:
            handle.remove()
    return changes


def tied_windows(ids: list[int], windows: list[tuple[int, int, int, float]], widths: list[int]) -> tuple[int, Any]:
    """How many spans that whole windows of a text take stand in it more than once, and the weightiest.

    Args:
        ids: of the text's tokens.
        windows: first and last token, filter and score of each.
        widths: of each filter.
    """
    weights: dict[tuple[int, int], list[float]] = {}
    for first, last, number, score in windows:
        taken, width = ids[first : last + 1], widths[number]
        others = [start for start in range(len(ids)) if ids[start : start + width] == taken]
        if len(taken) == width and len(others) > 1:
            weights.setdefault((first, last), []).append(abs(score))
    totals = {span: float(np.array(shares).sum()) for span, shares in weights.items()}
    return len(totals), max(totals, key=lambda span: (totals[span], span), default=None)
