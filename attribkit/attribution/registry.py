"""Every attribution method there is: the one list, from which help texts, checks, the server and documents are made."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from attribkit.errors import InputError, InputTypeError, did_you_mean

if TYPE_CHECKING:
    from attribkit.attribution.request import AttributionRequest, MethodResult

CHECKED, CHECKED_WHEN_SHORT, NO_PROMISE = "checked", "checked up to 12 tokens", "no promise"
"""What a method may promise of the sum of its scores."""
CLOSED_FORM, GRADIENTS, MODULES, OUTPUTS = "a closed form", "gradients", "activations as modules", "outputs"
"""What a method may need of a network."""


@dataclass(frozen=True)
class Method:
    """An attribution method: its function, and what it needs and promises.

    Attributes:
        name: what a user calls it.
        description: one plain line, for tables.
        solve: from an `AttributionRequest` to a `MethodResult`.
        source: the paper it is from.
        adds_up: whether its scores sum to F(text) − F(baseline): "checked", "checked up to 12 tokens" or "no promise".
        needs: what the network must offer: "a closed form", "gradients", "activations as modules" or "outputs".
        instead: the method for networks without the closed form that this one needs.
        sampled: whether it is sampled, for all texts or for long ones; such scores have a spread and no verdict.
        fast: whether a text takes milliseconds.
        closed_form: whether it uses a text CNN's closed form, whose logits are then compared with the network's.
        tables: whether it reads the lookup tables that a run shares (`cnn.lookup_tables`).
        equal_lengths: whether the texts of one batch must have the same length.
        label: its name in a menu; `name` if not given.
    """

    name: str
    description: str
    solve: Callable[["AttributionRequest"], "MethodResult"]
    source: str
    adds_up: str = NO_PROMISE
    needs: str = OUTPUTS
    instead: str | None = None
    sampled: bool = False
    fast: bool = False
    closed_form: bool = False
    tables: bool = False
    equal_lengths: bool = False
    label: str = ""

    def __post_init__(self) -> None:
        for field, known in (
            ("adds_up", (CHECKED, CHECKED_WHEN_SHORT, NO_PROMISE)),
            ("needs", (CLOSED_FORM, GRADIENTS, MODULES, OUTPUTS)),
        ):
            if getattr(self, field) not in known:
                raise InputError(f"`{field}` must be one of {', '.join(known)}, got {getattr(self, field)!r}")
        if self.needs == CLOSED_FORM and not (self.closed_form and self.instead):
            raise InputError(
                f"method {self.name!r} needs a closed form: give `closed_form=True`, and as `instead` the method for "
                "networks without one"
            )


def in_words() -> str:
    """One sentence for help texts: the names that `method` may have."""
    return f"How the scores are computed: {', '.join(METHODS)}; the best that the network allows if not given."


METHODS: dict[str, Method] = {}
"""Every method by its name, in the order in which they are shown."""


def register_method(method: Method) -> None:
    """Make your own attribution method known by its name, like the built-in ones.

    `attribkit.explain`, evaluation, a corpus, the command line and the live page then take it. Call it in the module
    that defines the method's function: worker processes import that module, and on the command line
    `attribkit --import MODULE …` does.

    Args:
        method: its name, a line on it, its function from an `AttributionRequest` to a `MethodResult`, and what it needs
            and promises.

    Raises:
        InputTypeError: for what is no `Method`, or has no function.
        InputError: if another method has the name.

    Example:
        >>> import torch
        >>> import attribkit as ak
        >>> from attribkit.attribution.registry import Method
        >>> from attribkit.attribution.request import MethodResult
        >>> def distance(request):
        ...     moved = (request.embedded - request.baseline).norm(dim=2)
        ...     scores = moved.double().expand(len(request.targets), -1, -1)
        ...     return MethodResult(scores, torch.zeros(scores.shape[:2], dtype=torch.int64), None)
        >>> ak.register_method(Method("distance", "how far from the baseline", distance, source="your own"))
        >>> ak.explain(ak.load("imdb-cnn"), "It was a horrible movie", method="distance").token_scores.method
        'distance'
    """
    if not isinstance(method, Method) or not callable(method.solve):
        raise InputTypeError(f"a Method whose `solve` can be called was expected, got {method!r}")
    known = METHODS.get(method.name)
    if known is not None and _place(known) != _place(method):
        raise InputError(f"there is already a method {method.name!r}; give this one another name")
    METHODS[method.name] = method


def method_of(name: str) -> Method:
    """The method of that name.

    Raises:
        InputError: if there is none; the sentence suggests the nearest name.
    """
    if name in METHODS:
        return METHODS[name]
    hint = did_you_mean(name, METHODS)
    raise InputError(
        f"`method` must be one of {', '.join(METHODS)}, got {name!r}{hint or ';'} a method of your own is known once "
        "the module that calls attribkit.register_method is imported (attribkit --import MODULE)"
    )


def defined_in(method: Method) -> str:
    """The module that defines a method's function."""
    return _place(method)[0]


def _place(method: Method) -> tuple[str, str]:
    solve: Any = method.solve
    while isinstance(solve, partial):
        solve = solve.func
    named = solve if hasattr(solve, "__qualname__") else type(solve)  # an object with __call__ has no name of its own
    return named.__module__, named.__qualname__


def _in(module: str, function: str) -> Callable[["AttributionRequest"], "MethodResult"]:
    """A function of `methods/`, loaded once it is called: torch and Captum take seconds, a list of names needs none."""

    def solve(request: "AttributionRequest") -> "MethodResult":
        result: MethodResult = getattr(import_module(f"attribkit.attribution.methods.{module}"), function)(request)
        return result

    solve.__module__, solve.__qualname__ = f"attribkit.attribution.methods.{module}", function
    return solve


_SUNDARARAJAN = "Sundararajan, Taly & Yan, ICML 2017"
_LUNDBERG = "Lundberg & Lee, NeurIPS 2017"

for _method in (
    Method(
        "exact",
        "integrated gradients in closed form; the default for a text CNN and for a linear model of n-grams",
        _in("exact", "exact"),
        _SUNDARARAJAN,
        CHECKED,
        CLOSED_FORM,
        instead="quadrature",
        fast=True,
        closed_form=True,
        tables=True,
        label="integrated gradients, exact",
    ),
    Method(
        "quadrature",
        "integrated gradients by Gauss–Patterson rules; the default for every other network",
        _in("quadrature", "quadrature"),
        _SUNDARARAJAN,
        CHECKED,
        GRADIENTS,
        fast=True,
        label="integrated gradients, quadrature",
    ),
    Method(
        "captum",
        "Captum's layer integrated gradients, its steps doubled until they suffice",
        _in("captum", "captum"),
        _SUNDARARAJAN,
        CHECKED,
        GRADIENTS,
        equal_lengths=True,
        label="integrated gradients, Captum",
    ),
    Method(
        "saliency",
        "the length of the gradient",
        _in("gradients", "saliency"),
        "Simonyan, Vedaldi & Zisserman, 2014",
        needs=GRADIENTS,
        fast=True,
    ),
    Method(
        "input_x_gradient",
        "the gradient times the input",
        _in("gradients", "input_x_gradient"),
        "Shrikumar et al., 2016",
        needs=GRADIENTS,
        fast=True,
        label="input × gradient",
    ),
    Method(
        "deeplift",
        "DeepLIFT's rescale rule, where it holds",
        _in("deeplift", "deeplift"),
        "Shrikumar, Greenside & Kundaje, ICML 2017",
        CHECKED,
        MODULES,
        closed_form=True,
        label="DeepLIFT",
    ),
    Method(
        "gradient_shap",
        "integrated gradients at random points, with the spread of the draws",
        _in("gradient_shap", "gradient_shap"),
        _LUNDBERG,
        needs=GRADIENTS,
        sampled=True,
        closed_form=True,
        tables=True,
        label="GradientSHAP",
    ),
    Method(
        "occlusion",
        "what the output loses without three neighbouring tokens",
        _in("coalitions", "occlusion"),
        "Zeiler & Fergus, ECCV 2014",
    ),
    Method(
        "leave_one_out",
        "what the output loses without a token",
        _in("leave_one_out", "leave_one_out"),
        "Li, Monroe & Jurafsky, 2016",
        closed_form=True,
        label="leave one out",
    ),
    Method(
        "shapley",
        "Shapley values over all coalitions of a text CNN's words, exactly",
        _in("shapley", "shapley"),
        "Owen, 1972; Sundararajan & Najmi, ICML 2020",
        CHECKED,
        CLOSED_FORM,
        instead="shapley_sampling",
        fast=True,
        closed_form=True,
        label="Shapley values, exact",
    ),
    Method(
        "banzhaf",
        "Banzhaf values over all coalitions of a text CNN's words, exactly",
        _in("shapley", "banzhaf"),
        "Banzhaf, 1965",
        needs=CLOSED_FORM,
        instead="shapley_sampling",
        fast=True,
        closed_form=True,
        label="Banzhaf values, exact",
    ),
    Method(
        "shapley_sampling",
        "Shapley values, from all coalitions of up to 12 tokens; of more from random orders, with the spread",
        _in("coalitions", "shapley_sampling"),
        "Castro, Gómez & Tejada, 2009",
        CHECKED_WHEN_SHORT,
        sampled=True,
        label="Shapley sampling",
    ),
    Method(
        "lime",
        "a linear fit to the outputs for changed texts",
        _in("coalitions", "lime"),
        "Ribeiro, Singh & Guestrin, KDD 2016",
        sampled=True,
        label="LIME",
    ),
    Method(
        "kernel_shap",
        "Shapley values, from all coalitions of up to 12 tokens; of more by least squares over random ones, with the "
        "spread",
        _in("coalitions", "kernel_shap"),
        _LUNDBERG,
        CHECKED_WHEN_SHORT,
        sampled=True,
        label="KernelSHAP",
    ),
    Method(
        "random",
        "random numbers: the reference that any other should beat",
        _in("random_baseline", "random"),
        "none",
        sampled=True,
    ),
):
    register_method(_method)
