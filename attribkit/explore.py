"""explore(): the live page's pane in a cell of a notebook."""

from typing import TYPE_CHECKING

from attribkit.data.text_tables import Data
from attribkit.errors import InputError, MissingPackageError
from attribkit.models.classifier import Classifier
from attribkit.models.other_inputs import check_text_alone

if TYPE_CHECKING:
    from anywidget import AnyWidget

_TEXT = "It was a horrible movie"


def explore(
    model: Classifier,
    data: Data | None = None,
    *,
    split: str | None = None,
    text: str | None = None,
    label: str | None = None,
    encoding: str | None = None,
) -> "AnyWidget":
    """The live pane in a notebook: type, and each word takes the colour of what it did to the answer.

    The kernel explains what is typed, with a copy of the model: no server is started, nothing is loaded from anywhere.
    While another cell runs, the pane waits.

    Args:
        model: any classifier that gives a text one label of several.
        data: rows to choose from, as `attribkit.evaluate` takes them; None for none.
        split: "train", "validation", "test" or "all"; None for the test split or, without one, the rows not trained on.
        text: the column of the texts in a table or file; guessed from usual names if not given.
        label: the column of the labels; likewise.
        encoding: of a file of texts; None to guess, and say so: see `attribkit.load_dataset`.

    Returns:
        a widget for JupyterLab 4; other notebooks that show anywidgets, such as VS Code, were not tried.

    Raises:
        ImportError: without the extra `notebook`; the sentence says what to install.
        TypeError: as `attribkit.evaluate`.
        ValueError: as `attribkit.evaluate`; for a model of another task.

    Example:
        >>> import attribkit as ak
        >>> pane = ak.explore(ak.load("imdb-cnn"), ["A great film", "Such a dull story"])
        >>> type(pane).__name__
        'Explorer'
    """
    try:
        from attribkit.serve.cell import CellAnswers
        from attribkit.serve.served_model import ServedModel
        from attribkit.serve.widget import Explorer
        from attribkit.serve.workbench.rows import DataRows
    except ModuleNotFoundError as error:
        if str(error.name).startswith("attribkit"):
            raise
        raise MissingPackageError(
            f"the pane in a notebook needs {error.name}; pip install 'attribkit[notebook]'"
        ) from error
    check_text_alone(model.other_inputs, "the pane")
    if model.task != "multiclass":
        raise InputError(
            f"the pane is for models that give a text one label of several, this is {model.task}; "
            "take attribkit.explain"
        )
    rows = None if data is None else DataRows.of([model], data, split=split, text=text, label=label, encoding=encoding)
    first = _TEXT if rows is None else next((cell for cell in rows.texts if cell.strip()), _TEXT)
    return Explorer(CellAnswers(ServedModel.of(model), rows, first))
