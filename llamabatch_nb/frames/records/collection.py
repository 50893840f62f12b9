"""What `records` gives: a frame of records, and one each array of objects in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

import pandas as pd

from llamabatch_nb.errors import InputError
from llamabatch_nb.frames.declared import described
from llamabatch_nb.frames.records.layout import MAIN
from llamabatch_nb.frames.schema import Schema


class Records(Mapping[str, pd.DataFrame]):
    """Frames by name: ``main`` first, which is `main` too, then those of arrays: ``line_items``, ``orders.items``.

    A row of a child frame belongs to that row of the frame above whose `key` is its `parent`::

        records["line_items"].join(records.main.set_index("key")["vendor"], on="parent")
    """

    def __init__(self, frames: Mapping[str, pd.DataFrame], schemas: Mapping[str, Schema]) -> None:
        self._frames = dict(frames)
        self._schemas = dict(schemas)

    @property
    def main(self) -> pd.DataFrame:
        """One row a record, and one a file without any."""
        return self._frames[MAIN]

    def schema(self, name: str = MAIN) -> pd.DataFrame:
        """What `lb.schema` prints of other frames: column, dtype, meaning, unit, source (all ``string``).

        `source` of a value is its path in a record, such as ``vendor.city`` or ``line_items[].amount``; `meaning` the
        schema's description, else its title.

        Raises:
            InputError: no frame has that name; the message lists those that exist.

        """
        if name not in self._schemas:
            raise InputError(f"There is no frame {name!r}: ask for one of {', '.join(self._schemas)}.")
        return described(self._schemas[name])

    def __getitem__(self, name: str) -> pd.DataFrame:
        try:
            return self._frames[name]
        except KeyError:
            raise KeyError(f"There is no frame {name!r}: ask for one of {', '.join(self._frames)}.") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._frames)

    def __len__(self) -> int:
        return len(self._frames)

    # A Mapping's own compares frames with ==, which is no yes or no.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Records({', '.join(f'{name}: {_rows(frame)}' for name, frame in self.items())})"

    def _repr_html_(self) -> str:
        body = "".join(
            f"<tr><td>{escape(name)}</td><td>{len(frame):,}</td><td>{len(frame.columns):,}</td></tr>"
            for name, frame in self.items()
        )
        return (
            f"<table><thead><tr><th>frame</th><th>rows</th><th>columns</th></tr></thead><tbody>{body}</tbody></table>"
        )


def _rows(frame: pd.DataFrame) -> str:
    return "1 row" if len(frame) == 1 else f"{len(frame):,} rows"
