"""Layer maps against their peers: t-SNE beside scikit-learn's, layer outputs beside the bare forward pass.

    python benchmarks/projection.py                      # 25,000 and 5,000 points, 25,000 reviews
    python benchmarks/projection.py --quick              # small, in about two minutes
    python benchmarks/projection.py --only page answers  # some parts
    python benchmarks/projection.py --only outputs --model imdb-cnn

Prints one JSON line per measurement. Reviews are IMDB's test split if $ATTRIBKIT_DATA has it, else synthetic ones; the
points of t-SNE are the first 20 principal components of what `imdb-attention-rnn`'s last layer reads in them. The part
"page" opens a map in Chromium; "answers" runs `attribkit train` and `attribkit project` on nlu_ru, from the start of
the first process to the last file. Both say so where what they need is not there.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright
from sklearn.manifold import TSNE as SklearnTSNE

from attribkit.data import load_dataset
from attribkit.data.labelled_texts import sample_rows
from attribkit.data.synthetic import demo_reviews
from attribkit.models.classifier import Classifier
from attribkit.models.layers import choose_layers
from attribkit.projection.components import Components
from attribkit.projection.layer_outputs import read_layers
from attribkit.projection.measures import SAMPLE, trustworthiness
from attribkit.projection.pooling import Reduction
from attribkit.projection.reducers import PCA_FIRST, QUICKER_FROM, TSNE
from attribkit.projector import project

PARTS = ("outputs", "tsne", "page", "answers")
MODELS = ("imdb-cnn", "imdb-attention-rnn")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="600 and 1,200 points, 500 reviews, 2 epochs")
    parser.add_argument("--only", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--model", nargs="+", default=MODELS, choices=MODELS, help="of the part outputs")
    parser.add_argument("--points", nargs="+", type=int, help="of the part tsne")
    options = parser.parse_args()
    quick = options.quick
    packages = ("torch", "numpy", "scikit-learn", "openTSNE", "umap-learn")
    versions = {package: version(package) for package in packages}
    emit("machine", cores=os.cpu_count(), python=platform.python_version(), **versions)
    texts, source = reviews(500 if quick else 25_000)
    for name in options.model if "outputs" in options.only else ():
        measure_outputs(name, Classifier.load(name, "cpu"), texts, source, rounds=3 if quick else 2)
    if "tsne" in options.only:
        sizes = options.points or ((600, 1_200) if quick else (5_000, 25_000))
        model = Classifier.load("imdb-attention-rnn", "cpu")
        layer = model.before_last()
        chosen = [texts[row] for row in sample_rows(np.arange(len(texts)), max(sizes), seed=0)]
        values = read_layers(model, model.ids(chosen), [layer], Reduction())[layer.name]
        points = Components.of(values, PCA_FIRST)(values)
        for size in sizes:
            measure_tsne(stretched(points, size), quick)
    if "page" in options.only:
        measure_page(texts, source)
    if "answers" in options.only:
        measure_answers(epochs=2 if quick else 24)


def reviews(count: int) -> tuple[list[str], str]:
    folder = os.environ.get("ATTRIBKIT_DATA")
    if folder and (Path(folder) / "imdb").is_dir():
        table = load_dataset("imdb").test
        chosen = sample_rows(np.arange(len(table)), count, seed=0)
        return table["text"].iloc[chosen].tolist(), "imdb test"
    table = demo_reviews({"test": count + count % 2})["test"]
    return table["text"].tolist()[:count], "demo"


def stretched(points: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Exactly so many points: a sample, or with small noise added to repeated ones where there are too few."""
    random = np.random.default_rng(0)
    if size <= len(points):
        return points[random.permutation(len(points))[:size]]
    more = points[random.integers(0, len(points), size - len(points))]
    return np.concatenate([points, more + random.normal(size=more.shape) * points.std(0) * 0.05])


def measure_outputs(name: str, model: Classifier, texts: list[str], source: str, rounds: int) -> None:
    """Each round runs both, so that a busy machine slows both; the quickest round counts."""
    ids = model.ids(texts)
    there = model.inside()
    cases = {
        "what the last layer reads": [model.before_last()],
        "all layers": choose_layers(None, there),
    }
    model.logits(ids[:64])
    for what, layers in cases.items():
        plain, seen, hooked = [], [], []
        for _ in range(rounds):
            plain.append(seconds(lambda: model.logits(ids))[0])
            seen.append(seconds(lambda chosen=layers: read_layers(model, ids, chosen, Reduction()))[0])
            hooked.append(seconds(lambda chosen=layers: forward_hooked(model, ids, chosen))[0])
        emit(
            "layer_outputs",
            model=name,
            layers=what,
            names=[layer.name for layer in layers],
            texts=len(ids),
            source=source,
            forward_s=min(plain),
            forward_with_idle_hooks_s=min(hooked),  # a hook on a convolution makes the network run it token by token
            layer_outputs_s=min(seen),
            ratio=min(seen) / min(plain),
            ratio_to_hooked=min(seen) / min(hooked),
            goal=1.2,
        )


def forward_hooked(model: Classifier, ids: list[NDArray[np.int64]], layers: list[Any]) -> None:
    modules = dict(model.network.named_modules())
    handles = [modules[layer.name].register_forward_hook(lambda *_: None) for layer in layers]
    try:
        model.logits(ids)
    finally:
        for handle in handles:
            handle.remove()


def measure_tsne(points: NDArray[np.float64], quick: bool) -> None:
    perplexity = 30.0
    rows = sample_rows(np.arange(len(points)), SAMPLE, seed=0)
    if quick:  # imports and numba's compiling are not what is measured
        TSNE(perplexity=5, engine="openTSNE")(points[:60])
    # the engine that is not chosen is shown too where it takes seconds
    engines: tuple[str | None, ...] = (None, "openTSNE") if len(points) <= QUICKER_FROM else (None,)
    times: dict[str | None, list[float]] = {"peer": [], **{engine: [] for engine in engines}}
    layouts = {}
    for _ in range(2 if len(points) <= 5_000 else 1):  # in turns, so that a busy machine slows all; the quickest counts
        spent, peer = seconds(
            lambda: SklearnTSNE(
                2, perplexity=perplexity, init="pca", random_state=0, n_jobs=os.cpu_count()
            ).fit_transform(points)
        )
        times["peer"].append(spent)
        for engine in engines:
            reducer = TSNE(seed=0, perplexity=perplexity, engine=engine)
            spent, layouts[engine] = seconds(lambda chosen=reducer: chosen(points))
            times[engine].append(spent)
    theirs = min(times["peer"])
    for engine, layout in layouts.items():
        ours = min(times[engine])
        emit(
            "t-sne",
            points=len(points),
            dimensions=points.shape[1],
            engine=layout.settings["engine"],
            chosen=engine is None,
            ours_s=ours,
            sklearn_s=theirs,
            ratio=ours / theirs,
            goal=0.65 if len(points) >= 25_000 else 1.0,
            trustworthiness=trust(points, layout.points, rows),
            trustworthiness_sklearn=trust(points, np.asarray(peer, dtype=float), rows),
            sample=len(rows),
        )


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ALONE = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


def measure_page(texts: list[str], source: str) -> None:
    """From asking for the file to the first drawing of all points; the best of three openings in a fresh browser."""
    browser = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if browser is None:
        emit("page", skipped="there is no Chromium on this machine")
        return
    model = Classifier.load("imdb-cnn", "cpu")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        for dimensions in (2, 3):
            sample_rows = project(model, texts, dimensions=dimensions, colour="prediction")
            spent, path = seconds(lambda found=sample_rows: found.save(Path(folder) / "map.html"))
            opened = [opening(playwright, browser, path) for _ in range(3)]
            emit(
                "page",
                points=len(sample_rows.panels()[0].excerpts),
                dimensions=dimensions,
                source=source,
                megabytes=path.stat().st_size / 1e6,
                goal_megabytes=12,
                open_s=min(opened),
                open_slowest_s=max(opened),
                goal_s=3,
                save_s=spent,
            )


def opening(playwright: Any, browser: str, path: Path) -> float:
    """Seconds until every point is drawn."""
    with playwright.chromium.launch(executable_path=browser, args=ALONE) as started:
        page = started.new_page(viewport={"width": 1200, "height": 900})
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.locator(".scatter[data-zoom]").wait_for(state="attached")
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return time.perf_counter() - start


def measure_answers(epochs: int) -> None:
    """Train on the call centre's answers with three snapshots, then UMAP maps of all three on one page."""
    folder = os.environ.get("ATTRIBKIT_DATA")
    if not folder or not (Path(folder) / "nlu_ru").is_dir():
        emit("answers", skipped="$ATTRIBKIT_DATA has no nlu_ru")
        return
    with TemporaryDirectory() as out:
        model, page = f"{out}/model", f"{out}/maps.html"
        sizes = "--vocabulary-size 1000 --min-frequency 1 --max-length 77 --embedding-size 64 --hidden 64"
        train = f"train nlu_ru --model lstm {sizes} --epochs {epochs} --patience {epochs} --class-weights --seed 0"
        trained, _ = seconds(
            lambda: attribkit(*train.split(), "--snapshots", f"0,{epochs // 2},{epochs}", "--out", model)
        )
        maps = "--layer rnn --method umap --epochs all --split test"
        mapped, _ = seconds(lambda: attribkit("project", model, "nlu_ru", *maps.split(), "--out", page))
        emit(
            "answers",
            epochs=epochs,
            train_s=trained,
            maps_s=mapped,
            end_to_end_s=trained + mapped,
            goal_s=180,
            megabytes=Path(page).stat().st_size / 1e6,
        )


def attribkit(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "attribkit", *arguments], check=True, stdout=subprocess.DEVNULL)


def trust(points: NDArray[np.float64], found: NDArray[np.float64], rows: NDArray[np.int64]) -> float | None:
    return trustworthiness(points[rows], found[rows], 10)


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def emit(what: str, **numbers: Any) -> None:
    shown = {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in numbers.items()}
    print(json.dumps({"benchmark": what, **shown}), flush=True)


if __name__ == "__main__":
    torch.set_num_threads(os.cpu_count() or 1)
    main()
