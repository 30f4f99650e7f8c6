"""Who imports whom: a graph without cycles, and heavy libraries only where they belong."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from commands import printed

ROOT = Path(__file__).parent.parent / "attribkit"

# Each part and the parts it may import, beside those of ALL, which all may. A file of the top folder
# is a part, and so is a folder; panels, which renderers draw and results hold, are a part of their own.
ALL = {"booleans", "errors", "plurals", "progress", "random_state", "rank_correlation", "task", "versions"}
ALLOWED: dict[str, set[str]] = {
    "booleans": set(),
    "errors": set(),
    "files": set(),
    "plurals": set(),
    "progress": set(),
    "random_state": set(),
    "rank_correlation": set(),
    "task": set(),
    "text": set(),
    "panels": {"text"},
    "data": {"panels", "results", "text"},
    "models": {"data", "files", "panels", "results", "text"},
    "attribution": {"models", "text"},
    "huggingface": {"models", "text"},
    "loading": {"huggingface", "models"},
    "projection": {"data", "models", "panels", "results", "text"},
    "training": {"data", "files", "models", "text"},
    "last_layer": {"attribution", "data", "files", "models", "panels", "text"},
    "views": {"attribution", "data", "last_layer", "models", "panels", "projection", "text"},
    "render": {"panels"},
    "results": {"files", "panels", "render"},
    "projector": {"data", "models", "panels", "projection", "results"},
    "explainer": {"attribution", "data", "last_layer", "models", "panels", "projector", "results", "text", "views"},
    "comparison": {"panels", "results", "views"},
    "evaluation": {
        "attribution",
        "data",
        "explainer",
        "files",
        "models",
        "panels",
        "projector",
        "results",
        "text",
        "training",
        "views",
    },
    "estimator": {"data", "explainer", "models", "reports", "results", "training"},
    "influence": {
        "attribution",
        "data",
        "evaluation",
        "files",
        "last_layer",
        "models",
        "panels",
        "results",
        "text",
        "views",
    },
    "extensions": {"attribution"},
    "corpus": {"attribution", "data", "extensions", "files", "loading", "models", "panels", "results", "text", "views"},
    "reports": {
        "data",
        "evaluation",
        "explainer",
        "files",
        "influence",
        "last_layer",
        "models",
        "panels",
        "projector",
        "render",
        "results",
        "text",
    },
    "automl": {"data", "evaluation", "models", "panels", "reports", "reproduce", "results", "text", "training"},
    "reproduce": {"data", "evaluation", "explainer", "files", "models", "panels", "results", "training"},
    "explore": {"data", "models", "serve"},
    "serve": {
        "attribution",
        "data",
        "evaluation",
        "explainer",
        "last_layer",
        "models",
        "panels",
        "projection",
        "render",
        "results",
        "views",
    },
    "demo": {"data", "explainer", "models", "reports", "results"},
    "cli": {
        "attribution",  # its list of methods, which needs no torch, for the help
        "corpus",
        "data",
        "demo",
        "evaluation",
        "explainer",
        "extensions",
        "loading",
        "influence",
        "models",
        "projector",
        "automl",
        "render",
        "reports",
        "reproduce",
        "results",
        "serve",
        "training",
    },
    "versions": set(),
    "__main__": {"cli"},
    "__init__": {
        "attribution",
        "comparison",
        "corpus",
        "data",
        "estimator",
        "evaluation",
        "explainer",
        "influence",
        "loading",
        "explore",
        "models",
        "projection",
        "projector",
        "automl",
        "reports",
        "results",
        "text",
        "training",
    },
}
WHERE = {
    "torch": {
        "attribution",
        "corpus",
        "evaluation",
        "explainer",
        "influence",
        "huggingface",
        "last_layer",
        "loading",
        "models",
        "projection",
        "projector",
        "random_state",
        "reports",
        "reproduce",
        "serve",
        "training",
        "views",
    },
    "fastapi": {"serve"},
    "pydantic": {"serve"},
    "anywidget": {"explore", "serve"},
    "uvicorn": {"serve"},
    "captum": {"attribution"},
    "numba": {"attribution"},
    "lightning": {"training"},
    "transformers": {"huggingface", "loading"},
    "matplotlib": {"render"},
    "seaborn": {"render"},
    "plotly": {"render"},
    "openTSNE": {"projection"},
    "umap": {"projection"},
    "typer": {"cli"},
}
FORBIDDEN = {"pickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}


def part_of(file: Path) -> str:
    parts = file.relative_to(ROOT).parts
    return "panels" if parts[:2] == ("results", "panels") else parts[0].removesuffix(".py")


def imports(file: Path) -> set[str]:
    """Every module a file imports, in functions and for types too."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name} has a relative import; write it out"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


FILES = sorted(ROOT.rglob("*.py"))


def ours(file: Path) -> set[str]:
    names = {tuple(name.split(".")[1:3]) for name in imports(file) if name.startswith("attribkit.")}
    found = {"panels" if name == ("results", "panels") else name[0] for name in names}
    return {name for name in found if name == "panels" or (ROOT / name).is_dir() or (ROOT / f"{name}.py").is_file()}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_file_imports_only_what_its_part_may(file: Path) -> None:
    part = part_of(file)
    assert ours(file) - {part, *ALL} <= ALLOWED[part]


@pytest.mark.parametrize("folder", ["attribution/cnn", "attribution/methods"])
def test_the_mathematics_knows_nothing_of_models(folder: str) -> None:
    for file in (ROOT / folder).glob("*.py"):
        assert ours(file) <= {"attribution", *ALL}, file.name


def test_a_network_knows_nothing_of_texts() -> None:
    for name in ("attention_rnn", "cnn", "embedding", "gru", "lstm", "precision", "recurrence"):
        file = ROOT / "models" / f"{name}.py"
        assert ours(file) <= {"models", "errors"}
        known = {"attribkit.models.classifier", "attribkit.models.model_folder"}
        assert not imports(file) & known, name


def test_the_parts_have_no_cycle() -> None:
    order = list(TopologicalSorter(ALLOWED).static_order())
    assert set(order) == set(ALLOWED)


def module_name(file: Path) -> str:
    return ".".join(("attribkit", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def test_the_files_have_no_cycle() -> None:
    names = {module_name(file) for file in FILES}
    graph = {}
    for file in FILES:
        found = imports(file) & names
        # `from package import module` needs the module; that its package stands above it is no arrow of the design
        packages = {name for name in found if any(other.startswith(f"{name}.") for other in found)}
        graph[module_name(file)] = found - packages - {module_name(file)}
    assert len(list(TopologicalSorter(graph).static_order())) == len(names)


@pytest.mark.parametrize("library", WHERE)
def test_a_heavy_library_stays_where_it_belongs(library: str) -> None:
    users = {part_of(f) for f in FILES if any(name.split(".")[0] == library for name in imports(f))}
    assert users <= WHERE[library]


def test_nothing_imports_a_pickle() -> None:
    users = {f.name: imports(f) & FORBIDDEN for f in FILES if imports(f) & FORBIDDEN}
    assert users == {}


DRAWING = """
import sys
import matplotlib
import attribkit as ak

before, backend = dict(matplotlib.rcParams), matplotlib.rcParams._get("backend")
model = ak.load("imdb-attention-rnn", "cpu")
views = ["attribution", "attention", "projection"]
why = ak.explain(model, ["It was a horrible movie", "Best film ever"], views=views, compare=True)
for suffix in sys.argv[2:]:
    why[0].save(f"{sys.argv[1]}/why{suffix}")
    why.save(f"{sys.argv[1]}/both{suffix}")
from matplotlib._pylab_helpers import Gcf

assert "seaborn" in sys.modules, "the cells of a heatmap were not drawn"
assert not Gcf.figs, "a figure was left with pyplot"
now = dict(matplotlib.rcParams)
assert {name for name in before if name != "backend" and before[name] != now[name]} == set()
assert matplotlib.rcParams._get("backend") is backend, "a backend was chosen"
"""


def test_drawing_leaves_pyplot_no_figure_and_matplotlibs_settings_as_they_were(tmp_path: Path) -> None:
    """seaborn imports pyplot by itself, so that only drawing shows what is done with it."""
    assert not [f.name for f in FILES if "matplotlib.pyplot" in imports(f)]
    printed(DRAWING, tmp_path, ".png", ".svg", ".pdf", ".html")
    assert len(list(tmp_path.iterdir())) == 8


def test_importing_the_package_is_quick_and_loads_neither_torch_nor_matplotlib() -> None:
    code = (
        "import sys, attribkit; print(sorted({'torch', 'matplotlib', 'pandas', 'numpy', 'captum'} & set(sys.modules)))"
    )
    assert printed(code) == "[]"


def test_the_front_door_names_exactly_what_it_opens() -> None:
    import attribkit

    assert attribkit.__all__ == sorted(attribkit.__all__)
    assert all(getattr(attribkit, name) is not None for name in attribkit.__all__)
    assert set(attribkit.__all__) <= set(dir(attribkit))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = attribkit.nothing


def test_every_error_of_the_package_is_one_kind_and_the_built_in_one_that_it_was() -> None:
    import attribkit
    from attribkit import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert attribkit.AttribkitError is errors.AttribkitError and attribkit.InputError is errors.InputError
    assert all(issubclass(kind, attribkit.AttribkitError) for kind in kinds)
    assert issubclass(attribkit.InputError, ValueError)
    try:
        attribkit.Explanation.from_json("no explanation")
    except attribkit.AttribkitError as error:
        assert isinstance(error, attribkit.InputError) and isinstance(error, ValueError)
    else:
        raise AssertionError("it was accepted")


def test_no_file_is_a_drawer_for_odds_and_ends() -> None:
    assert not {f.stem for f in FILES} & {"utils", "helpers", "base", "manager", "misc", "common"}
