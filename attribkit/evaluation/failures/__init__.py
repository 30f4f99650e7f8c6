"""Why a model is wrong where it is, what its mistakes share, and the smallest edit that would change its answer."""

from attribkit.evaluation.failures.cells import confused_cells
from attribkit.evaluation.failures.kinds import kinds_of_mistakes, kinds_table
from attribkit.evaluation.failures.smallest_edit import Edit, edits_table, smallest_edit

__all__ = ["Edit", "confused_cells", "edits_table", "kinds_of_mistakes", "kinds_table", "smallest_edit"]
