"""Configurations (contract.md section 4). Each choice is shown by the test of its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from llamabatch_nb.engine import Engine
from llamabatch_nb.engine.extractors import Page
from llamabatch_nb.engine.resources.parameters import parse_behind
from tests.engine.lone import PARSE, uploaded
from tests.engine.support import Api, Json, create_body, files_of

CONFIGURATIONS = "/api/v1/beta/configurations"
WEBHOOKS = "/api/v1/beta/webhook-configs"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


def parse(**options: Any) -> Json:
    return {"product_type": "parse_v2", "tier": "agentic", "version": "latest"} | options


def extract(**options: Any) -> Json:
    return {"product_type": "extract_v2", "data_schema": SCHEMA} | options


#: Parameters that are refused, and where.
WRONG: list[tuple[Json, list[str]]] = [
    (parse(page_range={"max_pages": 3}), ["page_range"]),
    (parse(page_ranges={"max_page": 3}), ["page_ranges.max_page"]),
    (
        parse(page_ranges={"max_pages": 0, "target_pages": "3-1"}),
        ["page_ranges.max_pages", "page_ranges.target_pages"],
    ),
    (parse(tier="cheap"), ["tier"]),
    (parse(crop_box={"left": 1.5}), ["crop_box.left"]),
    (parse(output_options={"images_to_save": ["screenshots"]}), ["output_options.images_to_save.0"]),
    (
        parse(processing_options={"ocr_parameters": {"languages": ["en", "xx"]}}),
        ["processing_options.ocr_parameters.languages.1"],
    ),
    (
        parse(processing_control={"timeouts": {"base_in_seconds": 7201}}),
        ["processing_control.timeouts.base_in_seconds"],
    ),
    (
        parse(processing_control={"job_failure_conditions": {"allowed_page_failure_ratio": 1.1}}),
        ["processing_control.job_failure_conditions.allowed_page_failure_ratio"],
    ),
    (parse(file_id="dfl-a"), ["file_id"]),
    ({"product_type": "parse_v2"}, ["tier", "version"]),
    ({"product_type": "extract_v2"}, ["data_schema"]),
    (extract(cite_source=True), ["cite_source"]),
    (extract(max_pages=-1, target_pages="one", version="new"), ["version", "max_pages", "target_pages"]),
    (extract(data_schema={"type": "array"}), ["data_schema"]),
    (extract(parse_config_id="cfg-none"), ["parse_config_id"]),
]


def save(api: Api, name: str, parameters: Json) -> Json:
    return dict(api.ok("POST", CONFIGURATIONS, json={"name": name, "parameters": parameters}))


def listed(api: Api, **query: Any) -> list[tuple[str, str]]:
    return [(one["id"], one["version"]) for one in api.ok("GET", CONFIGURATIONS, params=query)["items"]]


def test_presets(idle: Api) -> None:
    presets = idle.ok("GET", CONFIGURATIONS)["items"]
    assert {preset["id"]: preset["parameters"]["tier"] for preset in presets} == {
        "cfg-PARSE_FAST": "fast",
        "cfg-PARSE_COST_EFFECTIVE": "cost_effective",
        "cfg-PARSE_AGENTIC": "agentic",
        "cfg-PARSE_AGENTIC_PLUS": "agentic_plus",
    }
    for preset in presets:
        path = f"{CONFIGURATIONS}/{preset['id']}"
        assert preset["product_type"] == preset["parameters"]["product_type"] == "parse_v2"
        assert idle.ok("GET", path) == preset
        assert "built in" in idle.refused(403, "PUT", path, json={"name": "mine"})
        assert "built in" in idle.refused(403, "DELETE", path)
    idle.refused(404, "GET", f"{CONFIGURATIONS}/cfg-none")
    own = save(idle, "PARSE_FAST", parse())
    assert own["id"] not in {preset["id"] for preset in presets}
    assert idle.ok("GET", CONFIGURATIONS)["items"] == [own, *presets]
    assert idle.ok("GET", CONFIGURATIONS, params={"name": "PARSE_FAST"})["items"] == [own, presets[0]]
    assert idle.ok("GET", CONFIGURATIONS, params={"product_type": ["extract_v2", "split_v1"]})["items"] == []
    pages, token = [], None
    for _ in range(3):
        page = idle.ok("GET", CONFIGURATIONS, params={"page_size": 2} | ({"page_token": token} if token else {}))
        pages.append(page["items"])
        token = page["next_page_token"]
    assert (pages, token) == ([[own, presets[0]], presets[1:3], presets[3:]], None)


def test_upsert_is_a_version(idle: Api) -> None:
    first = save(idle, "mine", parse())
    assert first["id"].startswith("cfg-")
    assert first["version"] == first["created_at"] == first["updated_at"]
    versions = [first]
    versions.append(save(idle, "mine", parse(page_ranges={"max_pages": 3})))
    versions.append(save(idle, "mine", parse(page_ranges={"max_pages": 3})))
    versions.append(idle.ok("PUT", f"{CONFIGURATIONS}/{first['id']}", json={"name": "ours"}))
    versions.append(idle.ok("PUT", f"{CONFIGURATIONS}/{first['id']}", json={"name": None, "parameters": parse()}))
    assert {one["id"] for one in versions} == {first["id"]}
    assert [one["name"] for one in versions] == ["mine", "mine", "mine", "ours", "ours"]
    assert [one["parameters"] for one in versions[3:]] == [parse(page_ranges={"max_pages": 3}), parse()]
    times = [one["version"] for one in versions]
    assert times == sorted(set(times))
    assert {one["created_at"] for one in versions} == {first["created_at"]}
    assert [one["updated_at"] for one in versions] == times
    assert idle.ok("GET", f"{CONFIGURATIONS}/{first['id']}") == versions[-1]
    assert save(idle, "mine", parse())["id"] != first["id"]
    assert save(idle, "ours", extract())["id"] != first["id"]


def test_versions_are_listed(idle: Api) -> None:
    saved = [save(idle, name, parse()) for name in ("a", "b", "a")]
    presets = listed(idle)[-4:]
    (first, other, second) = [(one["id"], one["version"]) for one in saved]
    assert listed(idle) == [second, other, first, *presets]
    assert listed(idle, latest_only=False, name="a") == [second, first]
    assert listed(idle, latest_only=True) == [other, second, *presets]
    assert listed(idle, latest_only=True, name="a", product_type=["extract_v2", "parse_v2"]) == [second]


def test_a_change_while_somebody_pages_hides_nothing(idle: Api) -> None:
    first, *_ = [save(idle, name, parse()) for name in ("a", "b", "c")]
    found: list[str] = []
    query: Json = {"latest_only": True, "page_size": 1}
    while True:
        page = idle.ok("GET", CONFIGURATIONS, params=query)
        found += [one["name"] for one in page["items"]]
        if page["next_page_token"] is None:
            break
        query["page_token"] = page["next_page_token"]
        idle.ok("PUT", f"{CONFIGURATIONS}/{first['id']}", json={"parameters": parse(tier="fast")})
    assert found[:3] == ["c", "b", "a"]
    assert len(found) == 3 + 4  # the presets
    token = {"page_token": query["page_token"]}
    idle.refused(422, "GET", CONFIGURATIONS, params=token)  # of the other order


def stored(api: Api) -> str:
    with api.engine.store.read() as db:
        return "".join(row["parameters"] for row in db.execute("SELECT parameters FROM configurations"))


def test_superseded_webhooks(idle: Api) -> None:
    hook = {"webhook_url": "http://127.0.0.1:9/", "webhook_signing_secret": "s3cret"}
    hooked = parse(webhook_configurations=[hook], client_name="me")
    path = f"{CONFIGURATIONS}/{save(idle, 'a', hooked)['id']}"
    assert idle.ok("PUT", path, json={"name": "b"})["parameters"]["webhook_configurations"]
    assert stored(idle).count("s3cret") == 1
    idle.ok("PUT", path, json={"parameters": parse()})
    assert "s3cret" not in stored(idle)
    shown = idle.ok("GET", CONFIGURATIONS, params={"page_size": 3})["items"]
    assert [one["parameters"] for one in shown] == [parse(), parse(client_name="me"), parse(client_name="me")]
    save(idle, "b", hooked)
    assert stored(idle).count("s3cret") == 1
    assert idle.raw("DELETE", path).status_code == 204
    assert "s3cret" not in stored(idle)


def test_name_taken(idle: Api) -> None:
    first, second = save(idle, "a", parse()), save(idle, "b", parse())
    other = save(idle, "a", extract())
    answer = idle.raw("PUT", f"{CONFIGURATIONS}/{second['id']}", json={"name": "a"})
    assert (answer.status_code, answer.headers["x-should-retry"]) == (409, "false")
    assert first["id"] in answer.json()["detail"]
    assert idle.ok("GET", f"{CONFIGURATIONS}/{second['id']}") == second
    for one in (first, other):
        assert idle.ok("PUT", f"{CONFIGURATIONS}/{one['id']}", json={"name": "a"})["name"] == "a"


def test_product_stays(idle: Api) -> None:
    saved = save(idle, "a", parse())
    (problem,) = idle.refused(422, "PUT", f"{CONFIGURATIONS}/{saved['id']}", json={"parameters": extract()})
    assert problem["loc"] == ["body", "parameters", "product_type"]
    assert idle.ok("GET", f"{CONFIGURATIONS}/{saved['id']}") == saved


def test_nothing_to_change(idle: Api) -> None:
    saved = save(idle, "a", parse())
    nothings: list[Json] = [{}, {"name": None}, {"name": None, "parameters": None}]
    for body in nothings:
        (problem,) = idle.refused(422, "PUT", f"{CONFIGURATIONS}/{saved['id']}", json=body)
        assert (problem["type"], problem["loc"]) == ("nothing_to_change", ["body"])
    assert idle.ok("GET", f"{CONFIGURATIONS}/{saved['id']}") == saved


def test_parameters_are_checked(idle: Api) -> None:
    saved = {"parse_v2": save(idle, "sound", parse())["id"], "extract_v2": save(idle, "sound", extract())["id"]}
    for parameters, places in WRONG:
        product = parameters["product_type"]
        for method, path in (("POST", CONFIGURATIONS), ("PUT", f"{CONFIGURATIONS}/{saved[product]}")):
            problems = idle.refused(422, method, path, json={"name": "typo", "parameters": parameters})
            assert [problem["loc"][:3] for problem in problems] == [["body", "parameters", product]] * len(places)
            assert [".".join(map(str, problem["loc"][3:])) for problem in problems] == places
            assert all(problem["msg"] for problem in problems)
    assert listed(idle, name="typo") == []


def test_nobody_who_writes_waits_for_the_check_of_a_schema(idle: Api) -> None:
    """A large one takes seconds."""
    path = f"{CONFIGURATIONS}/{save(idle, 'a', extract())['id']}"
    body = {"name": "a", "parameters": extract(data_schema={"type": "object", "properties": {"a": {"type": "x"}}})}
    with ThreadPoolExecutor(1) as thread, idle.engine.store.write():
        for method, where in (("POST", CONFIGURATIONS), ("PUT", path)):
            refused = thread.submit(idle.refused, 422, method, where, json=body)
            (problem,) = refused.result(timeout=20)
            assert problem["loc"] == ["body", "parameters", "extract_v2", "data_schema"]


def mine(_: Sequence[Page], __: Mapping[str, Any]) -> Json:
    return {}


def test_named_in_parameters(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "engine", extractors={"mine": mine})
    api = Api(engine)
    webhook = api.ok("POST", WEBHOOKS, json={"webhook_url": "http://127.0.0.1:9/"})["id"]
    sound = {"webhook_url": "http://127.0.0.1:9/"}
    ids = {
        "parse_v2": save(api, "sound", parse(webhook_configuration_ids=[webhook], webhook_configurations=[sound]))[
            "id"
        ],
        "extract_v2": save(api, "sound", extract(extractor="mine"))["id"],
    }
    wrong: list[tuple[Json, list[str | int], str]] = [
        (
            parse(webhook_configurations=[sound, {"webhook_url": "ftp://nonsense"}]),
            ["webhook_configurations", 1, "webhook_url"],
            "has to begin with http",
        ),
        (
            parse(webhook_configurations=[{"webhook_url": "https://example.com/"}]),
            ["webhook_configurations", 0, "webhook_url"],
            "'example.com' is not this machine",
        ),
        (
            parse(webhook_configuration_ids=[webhook, "whc-none"]),
            ["webhook_configuration_ids", 1],
            "'whc-none' not found",
        ),
        (parse(webhook_configurations=[sound] * 21), [], "name 20 at most"),
        (extract(extractor="other"), ["extractor"], "There is no extractor 'other': this engine has mine"),
    ]
    for parameters, place, words in wrong:
        product = parameters["product_type"]
        for method, path in (("POST", CONFIGURATIONS), ("PUT", f"{CONFIGURATIONS}/{ids[product]}")):
            (problem,) = api.refused(422, method, path, json={"name": "typo", "parameters": parameters})
            assert problem["loc"] == ["body", "parameters", product, *place]
            assert words in problem["msg"]
    assert listed(api, name="typo") == []

    api.raw("DELETE", f"{WEBHOOKS}/{webhook}")
    directory_id = api.directory({"a.txt": b"words"})
    told = api.refused(404, "POST", "/api/v2/batches", json=create_body(directory_id, ids["parse_v2"]))
    assert ids["parse_v2"] in told
    assert webhook in told
    file_id = files_in(api, directory_id)
    body: Json = {"file_id": file_id, "configuration_id": ids["parse_v2"]}
    assert ids["parse_v2"] in api.refused(404, "POST", PARSE, json=body)
    assert ids["parse_v2"] not in api.refused(404, "POST", PARSE, json=body | {"webhook_configuration_ids": [webhook]})
    engine.close()

    with closing(Engine(tmp_path / "engine")) as without:
        api = Api(without)
        batch = create_body(directory_id, ids["extract_v2"], "extract_v2")
        alone = {"file_input": file_id, "configuration_id": ids["extract_v2"]}
        for path, content in (("/api/v2/batches", batch), ("/api/v2/extract", alone)):
            told = api.refused(422, "POST", path, json=content)
            assert told.startswith(
                f"Configuration {ids['extract_v2']!r} cannot be used as it is: extractor: There is no"
            )


def files_in(api: Api, directory_id: str) -> str:
    (file,) = api.ok("GET", files_of(directory_id))["items"]
    return str(file["file_id"])


def test_what_other_products_say_is_kept(idle: Api) -> None:
    for product in ("classify_v2", "split_v1", "spreadsheet_v1", "unknown"):
        parameters = {"product_type": product, "any": [{"thing": None}], "webhook_configurations": 5}
        saved = save(idle, "a", parameters)
        assert (saved["product_type"], saved["parameters"]) == (product, parameters)
        assert idle.ok("GET", f"{CONFIGURATIONS}/{saved['id']}") == saved
    (problem,) = idle.refused(422, "POST", CONFIGURATIONS, json={"name": "a", "parameters": {"product_type": "x"}})
    assert problem["loc"] == ["body", "parameters"]


def test_parse_version(idle: Api) -> None:
    versions = idle.ok("GET", f"{PARSE}/versions")
    latest = versions.pop("latest")
    assert latest == {tier: dates[0] for tier, dates in versions.items()}
    for tier, dates in versions.items():
        assert dates == sorted(dates, reverse=True)
        for version in ("latest", dates[-1]):
            assert save(idle, "a", parse(tier=tier, version=version))["parameters"]["version"] == version
        for version in ("configured", "2020-01-01", "", "1"):
            body = {"name": "a", "parameters": parse(tier=tier, version=version)}
            (problem,) = idle.refused(422, "POST", CONFIGURATIONS, json=body)
            assert problem["loc"] == ["body", "parameters", "parse_v2", "version"]


def test_parse_configuration_of_an_extraction(idle: Api) -> None:
    saved = save(idle, "reading", parse(tier="fast", page_ranges={"max_pages": 9}))
    parameters = extract(parse_config_id=saved["id"], target_pages="2")
    assert save(idle, "values", parameters)["parameters"] == parameters
    other = save(idle, "other", {"product_type": "split_v1"})
    body = {"name": "a", "parameters": extract(parse_config_id=other["id"])}
    (problem,) = idle.refused(422, "POST", CONFIGURATIONS, json=body)
    assert problem["loc"] == ["body", "parameters", "extract_v2", "parse_config_id"]
    boxes = {"output_options": {"granular_bboxes": ["word"]}}
    expected = parse(tier="fast", page_ranges={"target_pages": "2"}) | boxes
    with idle.engine.store.read() as db:
        assert parse_behind(db, parameters) == expected
        assert parse_behind(db, extract()) == parse() | boxes
        assert parse_behind(db, extract(tier="cost_effective"))["tier"] == "cost_effective"
        assert parse_behind(db, extract(tier="cost_effective", parse_tier="fast"))["tier"] == "fast"
        assert parse_behind(db, extract(tier="turbo", max_pages=2)) == parse(page_ranges={"max_pages": 2}) | boxes
    idle.raw("DELETE", f"{CONFIGURATIONS}/{saved['id']}")
    with idle.engine.store.read() as db:
        assert parse_behind(db, parameters) == expected


def test_deleted_configuration(api: Api) -> None:
    saved = save(api, "a", parse(tier="fast"))
    save(api, "a", parse(tier="fast", client_name="me"))
    directory_id = api.directory({"a.txt": b"words"})
    batch = api.ok("POST", "/api/v2/batches", json=create_body(directory_id, saved["id"]))
    answer = api.raw("DELETE", f"{CONFIGURATIONS}/{saved['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        api.refused(404, method, f"{CONFIGURATIONS}/{saved['id']}")
    api.refused(404, "PUT", f"{CONFIGURATIONS}/{saved['id']}", json={"name": "b"})
    assert listed(api, name="a") == []
    api.refused(404, "POST", "/api/v2/batches", json=create_body(directory_id, saved["id"]))
    new = save(api, "a", parse())
    assert new["id"] != saved["id"]
    done = api.finished(batch["id"])
    assert done["config"]["job"]["configuration_id"] == saved["id"]
    assert [(job["status"], job["tier"]) for job in api.jobs(done)] == [("COMPLETED", "fast")]


def test_a_batch_keeps_what_its_configuration_said(idle: Api) -> None:
    """Its files are mapped to jobs only after the change, by an engine that begins later."""
    saved = save(idle, "a", parse(tier="fast", page_ranges={"max_pages": 1}))
    directory_id = idle.directory({"a.txt": b"words"})
    batch = idle.ok("POST", "/api/v2/batches", json=create_body(directory_id, saved["id"]))
    save(idle, "a", parse(tier="agentic_plus"))
    idle.ok("PUT", f"{CONFIGURATIONS}/{saved['id']}", json={"parameters": parse(tier="agentic")})
    with Engine(idle.engine.data, workers=1) as later:
        started = Api(later)
        (job,) = started.jobs(started.finished(batch["id"]))
        told = started.ok("GET", f"{PARSE}/{job['id']}", params={"expand": "raw_parameters"})["raw_parameters"]
    assert (job["tier"], {"product_type": "parse_v2"} | told) == (
        "fast",
        parse(tier="fast", page_ranges={"max_pages": 1}),
    )


def test_seeded_ids_and_versions(tmp_path: Path) -> None:
    def made(folder: str) -> list[Json]:
        engine = Engine(tmp_path / folder, seed="s")
        api = Api(engine)
        saved = [save(api, name, parse()) for name in ("a", "a", "b")]
        saved.append(api.ok("PUT", f"{CONFIGURATIONS}/{saved[0]['id']}", json={"name": "c"}))
        saved.append(save(api, "a", parse()))
        api.raw("DELETE", f"{CONFIGURATIONS}/{saved[-1]['id']}")
        saved.append(save(api, "a", parse()))
        saved += [uploaded(api, b"words", "a.txt") for _ in range(2)]
        engine.close()
        return saved

    one, other = made("one"), made("other")
    assert json.dumps(one).replace(one[-1]["project_id"], "") == json.dumps(other).replace(other[-1]["project_id"], "")
    a, again, b, renamed, second, third, *jobs = (saved["id"] for saved in one)
    assert a == again == renamed
    assert len({a, b, second, third, *jobs}) == 6
    assert one[0]["version"] == "2026-01-05T09:00:00.000000Z"
    assert one[1]["version"] == "2026-01-05T09:00:00.000001Z"
