"""Saved product configurations and the built-in presets (contract.md section 4).

A row of the store is a version. The newest version of a configuration is `latest`; once the configuration is deleted
none is, and its rows stay for those that name it, and so that its id is never given again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from llamabatch_nb.contract import configurations as contract
from llamabatch_nb.contract.base import Page
from llamabatch_nb.contract.configurations import Configuration
from llamabatch_nb.engine.clock import stamp
from llamabatch_nb.engine.errors import ApiError
from llamabatch_nb.engine.ids import Ids
from llamabatch_nb.engine.resources.checks import refuse
from llamabatch_nb.engine.resources.presets import PARSE, PRESETS
from llamabatch_nb.engine.store import paging
from llamabatch_nb.engine.store.conditions import Conditions
from llamabatch_nb.engine.store.database import Db, Row

#: Where parameters stand in the body of a request.
PLACE = ("body", "parameters")
#: The latest versions, with the `seq` of the first version of each.
_WITH_FIRST = (
    "SELECT *, (SELECT min(seq) FROM configurations AS one WHERE one.id = configurations.id) AS first "
    "FROM configurations WHERE latest"
)


def create(db: Db, body: contract.CreateConfiguration, ids: Ids, project_id: str, now: datetime) -> Configuration:
    """Save a configuration, as a new version of the one with its name and product if there is one.

    Its parameters are checked before, by `checks` and `references`. Call it inside a transaction.
    """
    product = str(body.parameters["product_type"])
    before = _named(db, project_id, product, body.name)
    if before is not None:
        return _add(db, before, body.name, body.parameters, now)
    had = db.execute(
        "SELECT count(DISTINCT id) FROM configurations WHERE project_id = ? AND product_type = ? AND name = ?",
        (project_id, product, body.name),
    ).fetchone()[0]
    config_id = ids.configuration(product, body.name, had)
    return _insert(db, config_id, body.name, body.parameters, project_id=project_id, version=now, created_at=stamp(now))


def listed(db: Db, query: contract.ListConfigurations, size: int) -> Page[Configuration]:
    """Newest first, of every version or of the latest alone; the presets, which were there before all, at the end.

    The latest ones are in the order in which their configurations were made: in that of their own versions, one that is
    changed while somebody pages would go to the front, and they would never see it.
    """
    name, table, key = "configurations", "configurations", "seq"
    if query.latest_only:
        name, table, key = "latest configurations", f"({_WITH_FIRST})", "first"
    where = (
        Conditions()
        .add("latest" if query.latest_only else "id IN (SELECT id FROM configurations WHERE latest)")
        .add("name = ?", query.name)
        .among("product_type", query.product_type)
    )
    # Presets are numbered down from 0, as if they were rows before the first one.
    below = 1
    if query.page_token:
        (last,) = paging.key(name, query.page_token, int)
        below = int(last)
        where.add(f"{key} < ?", last)
    found = [(row[key], _shown(row)) for row in where.select(db, table, f"{key} DESC", size + 1)]
    found += [
        (-number, preset)
        for number, preset in enumerate(PRESETS.values())
        if -number < below
        and query.name in {None, preset.name}
        and (not query.product_type or preset.product_type in query.product_type)
    ]
    return Page(
        items=[configuration for _, configuration in found[:size]],
        next_page_token=paging.token(name, [found[size - 1][0]]) if len(found) > size else None,
    )


def get(db: Db, config_id: str) -> Configuration:
    """The newest version of a configuration, or a preset. Raises ApiError 404."""
    return PRESETS[config_id] if config_id in PRESETS else _shown(_row(db, config_id))


def update(db: Db, config_id: str, body: contract.UpdateConfiguration, now: datetime) -> Configuration:
    """Make a new version; what is left out or null stays. Call it inside a transaction.

    Its parameters are checked before, as with `create`. Raises what `changing` does, and 409 for a name that another
    one has.
    """
    row = changing(db, config_id, body)
    name, parameters = body.name or row["name"], body.parameters
    other = _named(db, row["project_id"], row["product_type"], name)
    if other is not None and other["id"] != config_id:
        raise ApiError(409, f"Configuration {other['id']!r} is named {name!r} already: choose another name", final=True)
    return _add(db, row, name, json.loads(row["parameters"]) if parameters is None else parameters, now)


def changing(db: Db, config_id: str, body: contract.UpdateConfiguration) -> Row:
    """The row that an update changes. Raises ApiError 403 for a preset, 404, and 422."""
    row = _row(db, _own(config_id))
    if body.name is None and body.parameters is None:
        raise refuse(["body"], "nothing to change was given", "nothing_to_change")
    if body.parameters is not None and body.parameters["product_type"] != row["product_type"]:
        raise refuse(
            [*PLACE, "product_type"],
            f"Configuration {config_id!r} is for {row['product_type']}, which stays: save another one for "
            f"{body.parameters['product_type']}",
        )
    return row


def delete(db: Db, config_id: str) -> None:
    """With all its versions. Batches and jobs keep what they were told. Call it inside a transaction.

    Raises ApiError 403 for a preset, and 404.
    """
    _retire(db, _row(db, _own(config_id)))


def last_parameters(db: Db, config_id: str) -> dict[str, Any] | None:
    """What a configuration said last, deleted since or not; None if there never was one."""
    if config_id in PRESETS:
        return dict(PRESETS[config_id].parameters)
    row = db.execute(
        "SELECT parameters FROM configurations WHERE id = ? ORDER BY seq DESC LIMIT 1", (config_id,)
    ).fetchone()
    return None if row is None else dict(json.loads(row["parameters"]))


def _own(config_id: str) -> str:
    if config_id in PRESETS:
        raise ApiError(403, f"Preset {config_id!r} is built in and cannot be changed: save a configuration of your own")
    return config_id


def _row(db: Db, config_id: str) -> Row:
    row: Row | None = db.execute("SELECT * FROM configurations WHERE id = ? AND latest", (config_id,)).fetchone()
    if row is None:
        raise ApiError(404, f"Configuration {config_id!r} not found")
    return row


def _named(db: Db, project_id: str, product: str, name: str) -> Row | None:
    row: Row | None = db.execute(
        "SELECT * FROM configurations WHERE project_id = ? AND product_type = ? AND name = ? AND latest",
        (project_id, product, name),
    ).fetchone()
    return row


def _add(db: Db, before: Row, name: str, parameters: Mapping[str, Any], now: datetime) -> Configuration:
    """A new version. Two of one moment, as under a seeded clock, are a microsecond apart: a version is a time."""
    _retire(db, before)
    version = max(now, datetime.fromisoformat(before["version"]) + timedelta(microseconds=1))
    kept = {"project_id": before["project_id"], "created_at": before["created_at"]}
    return _insert(db, before["id"], name, parameters, version=version, **kept)


def _retire(db: Db, row: Row) -> None:
    """It is the latest version no more. Nobody needs its webhooks any longer, and they hold secrets."""
    parameters = json.loads(row["parameters"])
    if row["product_type"] == PARSE:
        parameters.pop("webhook_configurations", None)
    db.execute(
        "UPDATE configurations SET latest = 0, parameters = ? WHERE seq = ?",
        (json.dumps(parameters, ensure_ascii=False), row["seq"]),
    )


def _insert(
    db: Db,
    config_id: str,
    name: str,
    parameters: Mapping[str, Any],
    *,
    project_id: str,
    version: datetime,
    created_at: str,
) -> Configuration:
    moment = stamp(version)
    text = json.dumps(parameters, ensure_ascii=False)
    db.execute(
        "INSERT INTO configurations (id, project_id, name, product_type, version, parameters, created_at, updated_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (config_id, project_id, name, parameters["product_type"], moment, text, created_at, moment),
    )
    return _shown(_row(db, config_id))


def _shown(row: Row) -> Configuration:
    return Configuration(
        id=row["id"],
        name=row["name"],
        product_type=row["product_type"],
        version=row["version"],
        parameters=json.loads(row["parameters"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
