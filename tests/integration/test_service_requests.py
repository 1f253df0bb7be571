"""Malformed, oversized and unauthorised requests, and faulty files: the right status, no trace."""

from __future__ import annotations

import csv
import time
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from borough import write_borough
from installation import Council, Installation, start_solve, upload_dataset, upload_roads

from app import keys


def assert_problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Return the body of an answer that is a problem of this status and kind."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == f"urn:schoolrun:problem:{kind}"
    assert body["detail"]
    return body


@pytest.fixture
def borough(tmp_path: Path) -> dict[str, Path]:
    return write_borough(tmp_path / "files")


@pytest.fixture(scope="module")
def count(installation: Installation, council: Council) -> Any:
    """Return how much is stored for the authority."""

    def count_all() -> dict[str, int]:
        kinds = ("datasets", "roads", "rate-cards", "scenarios", "solves")
        return {kind: len(council.planner.get(f"/v1/{kind}").json()["items"]) for kind in kinds}

    return count_all


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer x", "Basic c3I6c3I=", "Bearer sr_zz_x", f"Bearer sr_{'0' * 32}_x"],
)
def test_no_key_or_a_wrong_one(installation: Installation, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = httpx.get(f"{installation.url}/v1/datasets", headers=headers)
    assert_problem(response, 401, "key-refused")
    assert response.headers["www-authenticate"] == "Bearer"


def test_revoked_and_expired_keys(installation: Installation, council: Council) -> None:
    key_id, key = keys.create_key(installation.database, council.authority, "planner")
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{installation.url}/v1/me", headers=headers).status_code == 200
    keys.revoke_key(installation.database, council.authority, key_id)
    assert_problem(httpx.get(f"{installation.url}/v1/me", headers=headers), 401, "key-refused")
    _key_id, old = keys.create_key(installation.database, council.authority, "planner", days=-1)
    headers = {"Authorization": f"Bearer {old}"}
    assert_problem(httpx.get(f"{installation.url}/v1/me", headers=headers), 401, "key-refused")


def test_key_is_stored_as_a_hash_only(installation: Installation, council: Council) -> None:
    _key_id, key = keys.create_key(installation.database, council.authority, "auditor")
    secret = key.split("_", 2)[2]
    assert len(secret) >= 43  # 256 bits in base 64
    with installation.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("SELECT set_config('schoolrun.authority', %s, true)", [str(council.authority)])
        stored = str(raw.execute("SELECT * FROM api_key").fetchall())
    assert secret not in stored


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/ready", 200)])
def test_open_addresses_are_bare(installation: Installation, path: str, status: int) -> None:
    response = httpx.get(f"{installation.url}{path}")
    assert response.status_code == status
    assert response.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/metrics", "/v1/openapi.json", "/v1/templates"])
def test_everything_else_wants_a_key(installation: Installation, path: str) -> None:
    assert_problem(httpx.get(f"{installation.url}{path}"), 401, "key-refused")


def test_metrics_by_key(installation: Installation, council: Council) -> None:
    admin = installation.client(council.authority, "admin")
    text = admin.get("/metrics").raise_for_status().text
    assert "schoolrun_jobs_queued" in text
    assert "Canalborough" not in text


def test_unknown_address_and_method(council: Council) -> None:
    assert_problem(council.planner.get("/v1/nothing"), 404, "not-found")
    response = council.planner.put("/v1/datasets")
    assert_problem(response, 405, "method")
    assert response.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"scenario_id": "x"}', b'{"seconds": NaN}'],
)
def test_malformed_json(council: Council, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = council.planner.post("/v1/solves", content=body, headers=headers)
    problem = assert_problem(response, 422, "request")
    assert all(fault["pointer"].startswith("/body") for fault in problem["errors"])


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"seconds": 0}, "/body/seconds"),
        ({"seconds": -5}, "/body/seconds"),
        ({"seconds": 1e9}, "/body/seconds"),
        ({"iterations": 0}, "/body/iterations"),
        ({"iterations": 10**12}, "/body/iterations"),
        ({"bound_seconds": -1}, "/body/bound_seconds"),
        ({"bound_seconds": 1e9}, "/body/bound_seconds"),
        ({"bound_seconds": "long"}, "/body/bound_seconds"),
        ({"seed": -1}, "/body/seed"),
        ({"seed": 2**40}, "/body/seed"),
        ({"kind": "fast"}, "/body/kind"),
        ({"surprise": 1}, "/body/surprise"),
    ],
)
def test_solve_with_impossible_limits(
    council: Council, change: dict[str, Any], pointer: str
) -> None:
    body = {"scenario_id": council.scenario["id"]} | change
    problem = assert_problem(council.planner.post("/v1/solves", json=body), 422, "request")
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        ({}, 0.0),
        ({"bound_seconds": 0}, 0.0),
        ({"bound_seconds": 7.5, "iterations": 3}, 7.5),
        ({"bound_seconds": 7.5, "kind": "as_is"}, 0.0),
    ],
)
def test_solve_says_how_long_its_bound_may_take(
    council: Council, body: dict[str, Any], stored: float
) -> None:
    solve = start_solve(council.planner, council.scenario["id"], **body)
    assert solve["bound_seconds"] == stored
    assert council.planner.get(f"/v1/solves/{solve['id']}").json()["bound_seconds"] == stored


def test_all_faults_of_a_policy_at_once(council: Council) -> None:
    settings = [
        {"name": "no_such_setting", "value": 1, "source": "test"},
        {"name": "turnaround_s", "value": "soon", "source": "test"},
        {"name": "turnaround_s", "value": -60, "source": "test"},
        {"name": "turnaround_s", "value": 900, "source": "test"},
    ]
    body = {"name": "x", "effective_from": "2026-09-01", "settings": settings}
    problem = assert_problem(council.planner.post("/v1/policies", json=body), 422, "request")
    pointers = [fault["pointer"] for fault in problem["errors"]]
    assert pointers == [
        "/body/settings/0/name", "/body/settings/1/value", "/body/settings/2/value",
    ]  # fmt: skip


def test_policy_version_keeps_grade_and_source(council: Council) -> None:
    change = {"name": "turnaround_s", "value": 900, "grade": "sourced", "source": "Cabinet, March"}
    body = {"name": "Slower", "effective_from": "2099-09-01", "settings": [change]}
    made = council.planner.post("/v1/policies", json=body)
    assert made.status_code == 201
    found = council.planner.get(made.headers["location"]).json()
    settings = {setting["name"]: setting for setting in found["settings"]}
    assert settings["turnaround_s"] == change | {"unit": "s"}
    assert found["version"] > 1
    scenario = {"name": "now", "dataset_id": council.dataset["id"]}
    used = council.planner.post("/v1/scenarios", json=scenario).json()
    assert used["policy_id"] != found["id"], "it is not in force before its date"


def test_levers_are_refused_together(council: Council) -> None:
    levers = [{"no": "lever"}, {"lever": "no_such_lever"}]
    body = {"name": "x", "dataset_id": council.dataset["id"], "levers": levers}
    problem = assert_problem(council.planner.post("/v1/scenarios", json=body), 422, "request")
    assert len(problem["errors"]) >= 2


@pytest.mark.parametrize(
    ("levers", "count"),
    [
        ([{"kind": "policy", "settings": {"turnaround_s": value}}], 1)
        for value in ("inf", "NaN", 1e20, -1, 0.5, "\0", None, True)
    ]
    + [
        ([{"kind": "vehicle_count", "vehicle_type": "\0", "count": 1}], 1),
        ([{"kind": "policy", "settings": {"traffic_factor_am": 0}}], 1),
        ([{"kind": "policy", "settings": {"arrive_earliest_before_bell_s": 60}}], 1),
        (
            [
                {"kind": "vehicle_count", "vehicle_type": "BUS", "count": 1},
                {"kind": "vehicle_count", "vehicle_type": "TRAM", "count": 1},
            ],
            2,
        ),
    ],
)
def test_lever_that_cannot_work_is_refused_when_the_scenario_is_made(
    council: Council, levers: list[dict[str, Any]], count: int
) -> None:
    before = council.planner.get("/v1/scenarios", params={"limit": 1}).json()["items"]
    body = {"name": "x", "dataset_id": council.dataset["id"], "levers": levers}
    problem = assert_problem(council.planner.post("/v1/scenarios", json=body), 422, "request")
    assert len(problem["errors"]) == count
    assert all(fault["remedy"] for fault in problem["errors"])
    assert council.planner.get("/v1/scenarios", params={"limit": 1}).json()["items"] == before


@pytest.mark.parametrize("number", [b"NaN", b"1e400", b"-Infinity"])
def test_number_that_json_does_not_know_is_refused(council: Council, number: bytes) -> None:
    dataset = council.dataset["id"].encode()
    lever = b'{"kind": "policy", "settings": {"turnaround_s": ' + number + b"}}"
    body = b'{"name": "x", "dataset_id": "' + dataset + b'", "levers": [' + lever + b"]}"
    headers = {"Content-Type": "application/json"}
    response = council.planner.post("/v1/scenarios", content=body, headers=headers)
    assert_problem(response, 422, "request")


def test_policy_is_held_to_the_limits_of_levers(council: Council) -> None:
    values = {"turnaround_s": 10**6, "traffic_factor_am": 0, "max_schools_per_run": 0.5}
    settings = [{"name": name, "value": value, "source": "x"} for name, value in values.items()]
    body = {"name": "x", "effective_from": "2099-09-01", "settings": settings}
    problem = assert_problem(council.planner.post("/v1/policies", json=body), 422, "request")
    pointers = [fault["pointer"] for fault in problem["errors"]]
    assert pointers == [f"/body/settings/{number}/value" for number in range(3)]
    window = {"name": "arrive_latest_before_bell_s", "value": 1800, "source": "x"}
    body["settings"] = [window]
    problem = assert_problem(council.planner.post("/v1/policies", json=body), 422, "request")
    assert [fault["code"] for fault in problem["errors"]] == ["no-time-left"]


def test_body_over_the_limit(council: Council) -> None:
    big = b'{"name": "' + b"x" * 1_100_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    response = council.planner.post("/v1/scenarios", content=big, headers=headers)
    assert_problem(response, 413, "too-large")

    def in_chunks() -> Any:
        for start in range(0, len(big), 65_536):
            yield big[start : start + 65_536]

    response = council.planner.post("/v1/scenarios", content=in_chunks(), headers=headers)
    assert_problem(response, 413, "too-large")


def test_file_over_the_limit(
    council: Council, borough: dict[str, Path], tmp_path: Path, count: Any
) -> None:
    before = count()
    huge = tmp_path / "pupils.csv"
    with huge.open("wb") as out:
        out.truncate(50_000_001)
    assert_problem(
        upload_dataset(council.planner, borough | {"pupils": huge}, "huge"), 413, "too-large"
    )
    assert count() == before


def test_roads_file_may_be_larger_than_other_files(council: Council, tmp_path: Path) -> None:
    large = tmp_path / "roads.osm"
    with large.open("wb") as out:
        out.truncate(60_000_000)
    problem = assert_problem(upload_roads(council.planner, large), 422, "files")
    assert "not an OpenStreetMap file" in problem["errors"][0]["text"]


def test_roads_file_over_its_limit_is_refused_before_it_is_sent(
    installation: Installation, council: Council
) -> None:
    parts = urlsplit(installation.url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    connection.putrequest("POST", "/v1/roads")
    connection.putheader("Authorization", council.planner.headers["authorization"])
    connection.putheader("Content-Type", "multipart/form-data; boundary=x")
    connection.putheader("Content-Length", "501000001")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_uploads_are_received_on_disk_and_gone_afterwards(
    installation: Installation, council: Council, borough: dict[str, Path]
) -> None:
    folder = installation.settings.uploads_folder
    seen: set[str] = set()
    is_over = Event()

    def watch() -> None:
        while not is_over.wait(0.01):
            seen.update(path.name for path in folder.rglob("roads.osm"))

    watcher = Thread(target=watch)
    watcher.start()
    try:
        upload_roads(council.planner, borough["roads"]).raise_for_status()
    finally:
        is_over.set()
        watcher.join()
    assert seen == {"roads.osm"}
    assert list(folder.iterdir()) == []


def test_others_are_answered_while_roads_are_read(
    council: Council, other_council: Council, borough: dict[str, Path]
) -> None:
    answers: list[float] = []
    upload = Thread(target=upload_roads, args=(council.planner, borough["roads"]))
    upload.start()
    while upload.is_alive():
        began = time.monotonic()
        other_council.planner.get("/v1/me").raise_for_status()
        answers.append(time.monotonic() - began)
    assert len(answers) > 3
    assert max(answers) < 2.0


def test_stranger_uploads_nothing(installation: Installation, borough: dict[str, Path]) -> None:
    with httpx.Client(base_url=installation.url, timeout=60) as stranger:
        assert_problem(upload_dataset(stranger, borough, "x"), 401, "key-refused")


def _spoil(path: Path, change: str) -> None:
    """Spoil a file in one of the ways that files are spoilt."""
    raw = path.read_bytes()
    rows = list(csv.reader(raw.decode().splitlines()))
    if change == "empty":
        path.write_bytes(b"")
    elif change == "truncated":
        path.write_bytes(raw[: len(raw) // 2])
    elif change == "not text":
        path.write_bytes(bytes(range(256)) * 4)
    elif change == "duplicate":
        path.write_bytes(raw + raw.splitlines()[-1] + b"\r\n")
    elif change == "unknown school":
        rows[1][1] = "999999"
        _write(path, rows)
    elif change == "no point":
        rows[1][2] = rows[1][3] = ""
        _write(path, rows)


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)


@pytest.mark.parametrize(
    "change", ["empty", "truncated", "not text", "duplicate", "unknown school", "no point"]
)
def test_faulty_pupil_file_is_refused_whole(
    council: Council, borough: dict[str, Path], count: Any, change: str
) -> None:
    before = count()
    _spoil(borough["pupils"], change)
    response = upload_dataset(council.planner, borough, "spoilt")
    problem = assert_problem(response, 422, "files")
    assert problem["errors"]
    for fault in problem["errors"]:
        assert fault["code"]
        assert fault["text"]
        assert fault["file"]
    assert "52.5" not in response.text
    assert count() == before


def test_validate_only_stores_nothing(
    council: Council, borough: dict[str, Path], count: Any
) -> None:
    before = count()
    checked = upload_dataset(council.planner, borough, "dry", validate_only=True)
    assert checked.status_code == 200
    assert checked.json()["counts"]["pupils"] == 8
    assert checked.json()["report"]["errors"] == 0
    _spoil(borough["pupils"], "unknown school")
    refused = upload_dataset(council.planner, borough, "dry", validate_only=True)
    assert_problem(refused, 422, "files")
    assert count() == before


def test_upload_without_its_files_names_each(council: Council) -> None:
    response = council.planner.post("/v1/datasets", data={"name": "nothing"})
    problem = assert_problem(response, 422, "files")
    missing = {fault["pointer"] for fault in problem["errors"]}
    assert {"/body/pupils", "/body/schools", "/body/vehicles", "/body/calendar"} <= missing


@pytest.mark.parametrize("content", [b"", b"<osm", b"PK\x03\x04", b"<osm version='0.6'></osm>"])
def test_roads_file_without_roads(
    council: Council, tmp_path: Path, count: Any, content: bytes
) -> None:
    before = count()
    path = tmp_path / "roads.osm"
    path.write_bytes(content)
    problem = assert_problem(upload_roads(council.planner, path), 422, "files")
    assert problem["errors"][0]["remedy"]
    assert count() == before


def test_templates_are_given_as_csv_and_xlsx(council: Council) -> None:
    kinds = council.planner.get("/v1/templates").json()["items"]
    assert {"pupils", "schools", "vehicles", "rate_card", "calendar", "contract"} <= set(kinds)
    for kind in kinds:
        text = council.planner.get(f"/v1/templates/{kind}.csv").raise_for_status().text
        assert "," in text.splitlines()[0]
        book = council.planner.get(f"/v1/templates/{kind}.xlsx").raise_for_status()
        assert book.content[:2] == b"PK"
    assert_problem(council.planner.get("/v1/templates/passwords.csv"), 404, "not-found")


def test_pages_show_each_once_while_more_come(council: Council) -> None:
    client = council.planner
    old = {client.post("/v1/scenarios", json=_name(council, n)).json()["id"] for n in range(5)}
    seen: list[str] = []
    cursor = None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/scenarios", params=query).raise_for_status().json()
        seen += [item["id"] for item in page["items"]]
        client.post("/v1/scenarios", json=_name(council, 99)).raise_for_status()
        cursor = page["next"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert old <= set(seen)


def _name(council: Council, number: int) -> dict[str, Any]:
    return {"name": f"Page {number}", "dataset_id": council.dataset["id"]}


def test_cursor_holds_for_its_list_and_authority_only(
    council: Council, other_council: Council
) -> None:
    for number in range(2):
        council.planner.post("/v1/scenarios", json=_name(council, number)).raise_for_status()
    cursor = council.planner.get("/v1/scenarios", params={"limit": 1}).json()["next"]
    assert cursor
    for client, path in (
        (council.planner, "/v1/solves"),
        (other_council.planner, "/v1/scenarios"),
    ):
        response = client.get(path, params={"cursor": cursor})
        assert_problem(response, 422, "request")
    for spoilt in (cursor[:-2] + "AA", "x", "%00"):
        response = council.planner.get("/v1/scenarios", params={"cursor": spoilt})
        assert_problem(response, 422, "request")


def test_answers_may_not_be_kept_or_framed(council: Council) -> None:
    for path in ("/health", "/v1/me", "/v1/nothing"):
        headers = council.planner.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_stream_of_a_waiting_solve_stays_alive(council: Council) -> None:
    solve = start_solve(council.planner, council.scenario["id"])
    with council.planner.stream("GET", f"/v1/solves/{solve['id']}/events") as stream:
        for line in stream.iter_lines():
            if line == ": still here":
                break
        else:
            pytest.fail("the stream ended")
    wrong = {"Last-Event-ID": "soon"}
    response = council.planner.get(f"/v1/solves/{solve['id']}/events", headers=wrong)
    assert_problem(response, 422, "request")
