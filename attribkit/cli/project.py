"""attribkit project."""

from enum import StrEnum
from typing import Annotated

import typer

from attribkit.cli.arguments import (
    DataArgument,
    Device,
    Encoding,
    LabelColumn,
    LongTexts,
    ModelArgument,
    SavePaths,
    SplitOption,
    TextColumn,
    check_files,
    numbers,
    part,
)
from attribkit.cli.console import console, errors, escape


class Method(StrEnum):
    """The ways to a map."""

    pca = "pca"
    tsne = "tsne"
    umap = "umap"


def project(
    model: ModelArgument,
    data: DataArgument,
    out: SavePaths = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="A layer to map; may repeat. What the last layer reads by default.")
    ] = None,
    method: Annotated[Method, typer.Option(help="The way to the map; umap needs attribkit\\[maps].")] = Method.pca,
    dimensions: Annotated[int, typer.Option(help="2 or 3.")] = 2,
    colour: Annotated[str, typer.Option(help="label, prediction, error or confidence.")] = "label",
    epochs: Annotated[str | None, typer.Option(help="Snapshots to map: all, or epochs such as 0,1,5.")] = None,
    reduce: Annotated[
        str | None, typer.Option(help="How steps become points: first, last, mean, max, attention, tokens or takens.")
    ] = None,
    sample: Annotated[int | None, typer.Option(help="Most texts, or tokens, shown.")] = None,
    place: Annotated[list[str] | None, typer.Option(help="A new text to mark on the map; may repeat.")] = None,
    neighbours: Annotated[int, typer.Option(help="k of the mixing numbers.")] = 10,
    perplexity: Annotated[float, typer.Option(help="tsne: about how many neighbours a point has.")] = 30.0,
    umap_neighbours: Annotated[int, typer.Option(help="umap: how many neighbours a point has.")] = 15,
    metric: Annotated[str, typer.Option(help="tsne, umap: euclidean, or cosine.")] = "euclidean",
    delay: Annotated[int, typer.Option(help="takens: tokens between two steps of a window.")] = 1,
    dimension: Annotated[int, typer.Option(help="takens: steps in a window.")] = 3,
    stride: Annotated[int, typer.Option(help="takens: tokens between two windows.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same map.")] = 0,
    split: SplitOption = None,
    text: TextColumn = None,
    label: LabelColumn = None,
    encoding: Encoding = None,
    long: LongTexts = None,
    device: Device = None,
) -> None:
    """Map where a layer puts texts, and measure how it mixes their classes."""
    from attribkit.loading import load
    from attribkit.projector import project as run

    check_files(out)
    classifier = load(model, device, long=long)
    maps = run(
        classifier,
        data,
        layers=layer or None,
        method=method.value,
        dimensions=dimensions,
        colour=colour,
        epochs=epochs if epochs in (None, "all") else numbers(epochs, "--epochs"),
        reduce=reduce,
        sample=sample,
        place=place or (),
        neighbours=neighbours,
        perplexity=perplexity,
        umap_neighbours=umap_neighbours,
        metric=metric,
        delay=delay,
        dimension=dimension,
        stride=stride,
        seed=seed,
        split=part(split),
        text=text,
        label=label,
        encoding=encoding,
    )
    console.print(maps)
    for path in out or ():
        maps.save(path)
        errors.print(f"wrote {escape(str(path))}", highlight=False, soft_wrap=True)
