"""The choice of the method: the one asked for if it fits the network, else the best that the network allows."""

from dataclasses import dataclass
from typing import Any

from attribkit.attribution.cnn import closed_form_check
from attribkit.attribution.cnn.filters import geometry_fault, named_as_text_cnn
from attribkit.attribution.registry import CLOSED_FORM, GRADIENTS, METHODS, MODULES, Method, method_of
from attribkit.errors import InputError
from attribkit.models.capabilities import capabilities_of
from attribkit.models.feeding import embedding_fed, gradient_fault
from attribkit.models.state import preserve_state

_WITHOUT_GRADIENTS = "shapley_sampling"
_DIFFERS = "its logits for this text or its baseline are not those of the closed form"


@dataclass(frozen=True)
class MethodChoice:
    """The method that explains a network.

    Attributes:
        method: a name in `METHODS`.
        closed_form: False if the network is not the text CNN that its modules make it look like.
        notes: what a reader must know of the choice.
    """

    method: str
    closed_form: bool
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(method: str | None, network: Any) -> "MethodChoice":
        """Choose the method asked for, or the best that the network allows.

        Raises:
            InputError: for an unknown name, or a method that needs a closed form where the network has none.
        """
        requested = None if method is None else method_of(method)
        if (requested is None or requested.name == "exact") and capabilities_of(network).closed_form == "linear":
            return MethodChoice("exact", True)
        if requested is not None and requested.needs in (GRADIENTS, MODULES):
            reason = gradient_fault(network)
            if reason is not None:
                raise InputError(_refusal(requested, network, reason))
        if requested is not None and not requested.closed_form:
            return MethodChoice(requested.name, True)
        reason = why_not_exact(network)
        if reason is None:
            return MethodChoice("exact" if requested is None else requested.name, True)
        if requested is None:
            missing = gradient_fault(network)
            if missing is not None:
                return MethodChoice(
                    _WITHOUT_GRADIENTS, False, (f"by Shapley sampling, not by integrated gradients: {missing}",)
                )
            return MethodChoice("quadrature", False, (_instead(reason),) if named_as_text_cnn(network) else ())
        if requested.needs == CLOSED_FORM:
            raise InputError(_refusal(requested, network, reason))
        return MethodChoice(requested.name, False)


def choose(method: str | None, network: Any) -> str:
    """The name of the method asked for, or of the best that the network allows; see `MethodChoice.of`."""
    return MethodChoice.of(method, network).method


def methods_for(network: Any) -> list[str]:
    """The names of the methods that can be asked for with a network."""
    lacking = {CLOSED_FORM} if why_not_exact(network) is not None else set()
    if gradient_fault(network) is not None:
        lacking |= {GRADIENTS, MODULES}
    linear = capabilities_of(network).closed_form == "linear"
    return [name for name, method in METHODS.items() if method.needs not in lacking or (linear and name == "exact")]


def why_not_exact(network: Any) -> str | None:
    """Why a network has no closed form, as a clause; None if it has one, as far as its modules tell."""
    reason = geometry_fault(network)
    if reason is not None or closed_form_check.declared(network):
        return reason
    with preserve_state(network):
        return closed_form_check.fault(network, embedding_fed(network))


def instead_of_exact(method: str | None, network: Any) -> MethodChoice:
    """The method for texts whose logits are not those of the closed form.

    Raises:
        InputError: if the method asked for needs the closed form.
    """
    if method is not None and METHODS[method].needs == CLOSED_FORM:
        raise InputError(_refusal(METHODS[method], network, _DIFFERS))
    if not capabilities_of(network).gradients:
        return MethodChoice(_WITHOUT_GRADIENTS, False, (f"by Shapley sampling, not in closed form: {_DIFFERS}",))
    return MethodChoice("quadrature", False, (_instead(_DIFFERS),))


def _refusal(method: Method, network: Any, reason: str) -> str:
    can = capabilities_of(network)
    need = "gradients" if method.needs == MODULES else method.needs
    name = type(getattr(network, "network", network)).__name__
    given = f"{name}: {reason}" if can.kind == "network" else f"a {can.kind}"
    instead = method.instead if method.instead and can.gradients else _WITHOUT_GRADIENTS
    return f"method={method.name!r} needs a network with {need}, got {given}; use method={instead!r}"


def _instead(reason: str) -> str:
    return f"by quadrature, not by the closed form of a text CNN: {reason}"
