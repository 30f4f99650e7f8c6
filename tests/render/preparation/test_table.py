from attribkit.render.preparation.table import cells, numeric
from attribkit.results.panels import Table


def test_a_column_of_numbers_is_one_even_with_cells_missing() -> None:
    table = Table("t", ("a", "b", "c", "d"), (("x", 1, None, True), (None, 2.5, 3.0, False)))
    assert numeric(table) == [False, True, True, False]
    assert numeric(Table("t", ("a",), ((None,),))) == [False] == numeric(Table("t", ("a",), ()))


def test_a_columns_numbers_have_the_same_digits_where_their_sizes_allow_it() -> None:
    table = Table("t", ("alike", "apart", "whole"), ((0.5, 1e-7, 12_500), (0.91234, 3.0, -3), (None, 0.0, 0)))
    assert cells(table) == [["0.500", "1.00e-07", "12,500"], ["0.912", "3.00", "−3"], ["–", "0", "0"]]


def test_the_smallest_number_does_not_give_the_largest_many_digits() -> None:
    assert cells(Table("t", ("share",), ((0.00352,), (0.12187,)))) == [["0.0035"], ["0.1219"]]


def test_an_endless_word_is_cut() -> None:
    (((found,),)) = cells(Table("t", ("a",), (("x" * 10_000,),)))
    assert len(found) == 240 and found.endswith("x…")


def test_words_are_on_one_line_and_yes_or_no_is_said() -> None:
    assert cells(Table("t", ("a", "b"), (("x\ny\x1b", True),))) == [["x␊y␛", "yes"]]
