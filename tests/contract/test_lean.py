"""What is kept by the ten thousand shares what is the same in all of them, and nobody can tell."""

from __future__ import annotations

import copy
import pickle
from typing import Any

from llamabatch_nb.contract.parse import ParseJob


def job(number: int, **said: Any) -> ParseJob:
    known = {"id": f"pjb-{number}", "project_id": "p", "status": "COMPLETED", "tier": "fast", "name": "a.pdf"}
    return ParseJob.model_validate({**known, "usage": {"credits": number}, **said})


def test_what_was_given_is_shared_by_those_that_were_given_the_same() -> None:
    one, two, more = job(1).lean(), job(2).lean(), job(3, error_message="x", brand_new=[1]).lean()
    assert one.__pydantic_fields_set__ is two.__pydantic_fields_set__
    assert one.usage is not None
    assert two.usage is not None
    assert one.usage.__pydantic_fields_set__ is two.usage.__pydantic_fields_set__
    assert one.__pydantic_extra__ is two.__pydantic_extra__
    assert more.model_fields_set == one.model_fields_set | {"error_message", "brand_new"}
    assert more.model_extra == {"brand_new": [1]}


def test_it_is_equal_to_what_it_was_and_copies_are_their_own() -> None:
    lean = job(1).lean()
    assert lean == job(1)
    assert lean.model_dump_json(exclude_unset=True) == job(1).model_dump_json(exclude_unset=True)
    assert pickle.loads(pickle.dumps(lean)) == copy.deepcopy(lean) == lean
    changed = lean.model_copy(update={"error_message": "late", "brand_new": 1})
    assert changed.model_fields_set == lean.model_fields_set | {"error_message", "brand_new"}
    assert lean.model_fields_set == job(1).model_fields_set
    assert lean.model_extra == job(2).lean().model_extra == {}
