"""WHERE clauses put together from what a list was asked for. Texts are ours, values always parameters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.store.database import Db, Row

Value = str | int | float | datetime | None


class Conditions:
    """A condition with a None value is left out: it was not asked for."""

    def __init__(self) -> None:
        self._texts: list[str] = ["TRUE"]
        self._values: list[str | int | float] = []

    def add(self, text: str, *values: Value) -> Conditions:
        """`text` has one question mark for each value."""
        if None not in values:
            self._texts.append(text)
            self._values += [
                stamp(value) if isinstance(value, datetime) else value for value in values if value is not None
            ]
        return self

    def among(self, column: str, values: Sequence[str]) -> Conditions:
        """An empty list means that nothing was asked for."""
        if values:
            self._texts.append(f"{column} IN ({', '.join('?' * len(values))})")
            self._values += values
        return self

    def select(self, db: Db, table: str, order: str, limit: int) -> list[Row]:
        return db.execute(
            f"SELECT * FROM {table} WHERE {' AND '.join(self._texts)} ORDER BY {order} LIMIT ?",  # noqa: S608
            (*self._values, limit),
        ).fetchall()
