"""Which views a model gets: those it supports or those named, each with its share of the options of `explain`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Unpack

from attribkit.errors import InputError
from attribkit.models.classifier import Classifier
from attribkit.models.encoded_batch import EncodedBatch
from attribkit.progress import Progress, silent
from attribkit.views import ON_REQUEST, VIEWS, ViewOptions
from attribkit.views.interactions import Interactions
from attribkit.views.view import View

_ASKED_BY = {"projection": "reference", "training": "train"}
"""Views that need data beside the text: who gives it asks for them."""


def supported(model: Classifier, **options: Unpack[ViewOptions]) -> list[str]:
    """The names of the views that this model supports and that are shown unless others are named.

    The map is one of them where there is a `reference` to place the text in, and the training rows are where there is a
    `train`, for that asks for it.

    Args:
        model: any classifier.
        options: those of `explain`.
    """
    return list(_shown(_all_views(options), model, options))


def _shown(views: dict[str, View], model: Classifier, options: ViewOptions) -> dict[str, View]:
    asked = {view for view, option in _ASKED_BY.items() if options.get(option) is not None}
    in_layers = {"attention"} if model.capabilities.self_attention else set()  # (layers, heads, T, T) numbers a text
    hidden = (ON_REQUEST | in_layers) - asked
    return {name: view for name, view in views.items() if name not in hidden and view.supports(model)}


def _all_views(options: ViewOptions, progress: Progress = silent) -> dict[str, View]:
    """Every view with those of the options that it has a setting for: all are checked, shown or not."""
    settings = {**options, "progress": progress}
    return {
        name: view(**{field.name: settings[field.name] for field in fields(view) if field.name in settings})
        for name, view in VIEWS.items()
    }


def choose_views(
    names: Sequence[str] | None, model: Classifier, options: ViewOptions, progress: Progress
) -> dict[str, View]:
    """The views to show, by name; ValueError for one that is unknown or that the model does not support."""
    views = _all_views(options, progress)
    if names is None:
        chosen = _shown(views, model, options)
    elif "all" in names:
        if tuple(names) != ("all",):
            raise InputError(f"`views` must be 'all' by itself or a list of views, got {', '.join(map(repr, names))}")
        chosen = {name: _optional(view) for name, view in views.items() if view.supports(model)}
        names = ()
    else:
        chosen = {name: views[name] for name in names if name in views and views[name].supports(model)}
    wrong = [name for name in names or () if name not in chosen]
    if wrong or not chosen:
        possible = ", ".join(name for name, view in views.items() if view.supports(model))
        if not wrong:
            raise InputError(f"`views` must name at least one of {possible}, got none")
        near = get_close_matches(str(wrong[0]), views, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if near and not views[near[0]].supports(model):
            hint = f"; {near[0]!r} needs {views[near[0]].needs}"
        raise InputError(f"`views` of this model can be {possible}, got {wrong[0]!r}{hint}")
    if options.get("reference") is not None and not model.capabilities.layers:
        raise model.capabilities.refusal("`reference`, which makes a map,", "layers", "leave it out")
    if options.get("compare") and "attention" not in chosen:
        raise InputError(
            f"`compare=True` sets others beside the view 'attention', which is not among {', '.join(chosen)}; leave it "
            "out, or compare with method='leave_one_out'"
        )
    return chosen


def _optional(view: View) -> View:
    """Of "all" views those that a text allows."""
    return replace(view, optional=True) if isinstance(view, Interactions) else view


def left_out(views: Mapping[str, View], model: Classifier, batch: EncodedBatch) -> Mapping[int, str]:
    """Why a view of "all" is left out of texts, by their places in the batch."""
    view = views.get("interactions")
    return view.left_out(model, batch) if isinstance(view, Interactions) and view.optional else {}
