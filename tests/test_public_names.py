from __future__ import annotations

import inspect

import pytest

import llamabatch_nb as lb
from llamabatch_nb import errors


def test_every_name_is_there_sorted_and_documented() -> None:
    assert sorted(lb.__all__) == lb.__all__
    for name in lb.__all__:
        value = getattr(lb, name)
        assert isinstance(value, str) or inspect.getdoc(value), name


def test_the_function_wins_over_the_module_of_its_name() -> None:
    import llamabatch_nb.connect
    from llamabatch_nb.run import submit

    assert lb.submit is submit
    assert inspect.isfunction(lb.connect)
    assert inspect.isfunction(llamabatch_nb.connect)


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(AttributeError, match="submit"):
        lb.sumbit  # noqa: B018


def test_the_error_tree_is_complete_in_its_docstring() -> None:
    tree = errors.__doc__ or ""
    classes = [value for value in vars(errors).values() if inspect.isclass(value)]
    assert {name for name in tree.split() if name.endswith("Error") and name in vars(errors)} == {
        value.__name__ for value in classes
    }
    assert all(issubclass(value, errors.LlamaBatchError) for value in classes)
