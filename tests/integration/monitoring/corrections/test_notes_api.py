"""The API of corrections and acknowledgements, asked by people of all roles and by programs that send anything."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, insert

from layerwatch.layers import Stage
from layerwatch.verdict import Decision, Region, Verdict
from monitoring.history import tables
from monitoring.history.database import writing
from monitoring.history.notes import EventRecord, Notes
from monitoring.settings import MonitoringSettings
from monitoring.web.access.tokens import digest
from monitoring.web.access.user import Role
from monitoring.web.access.users_file import Entry, write_users
from monitoring.web.app import create_app
from tests.integration.monitoring.corrections.conftest import NOON, InspectionMaker, files_in

Know = Callable[..., None]
As = Callable[[str], TestClient]

BOX = [[10.0, 10.0], [50.0, 40.0]]
ADA, BOB, EVE, VIC, NOBODY = "ada", "bob", "eve", "vic", ""
USERS = {ADA: Role.OPERATOR, BOB: Role.OPERATOR, EVE: Role.ENGINEER, VIC: Role.VIEWER}
OWN = re.compile("corrections|acknowledgements|notes")
DRAWN = {"kind": "streak", "points": BOX, "note": "by the left edge"}


@pytest.fixture
def database_url(new_database: Callable[[str], str]) -> str:
    """One kind is enough here: what differs between the two is tested below the API."""
    return new_database("sqlite")


@pytest.fixture
def ask_as(database_url: str, engine: Engine, folder: Path, tmp_path: Path) -> Iterator[As]:
    """A client for each user, and for nobody where nobody logs in; nothing of it needs Redis."""
    del engine  # it made the tables
    write_users(
        tmp_path / "users.toml",
        [Entry(name=name, role=role, token_sha256=digest(name)) for name, role in USERS.items()],
    )
    about: dict[str, Any] = {
        "database_url": database_url,
        "corrections_dir": folder,
        "artifacts_dir": tmp_path / "artifacts",
        "users_file": tmp_path / "users.toml",
        "audit_file": tmp_path / "audit.jsonl",
        "redis_url": "redis://127.0.0.1:1/0",
    }
    with_token = create_app(MonitoringSettings(access="token", **about))
    local = create_app(MonitoringSettings(access="local", **about))

    def client(name: str) -> TestClient:
        headers = {} if name == NOBODY else {"Authorization": f"Bearer {name}"}
        return TestClient(local if name == NOBODY else with_token, base_url="http://localhost", headers=headers)

    yield client
    for app in (with_token, local):
        app.state.context.close()


@pytest.fixture
def verdict(inspected: InspectionMaker, know: Know) -> Verdict:
    """One with a region, known to the history."""
    made = inspected(layer=7)
    region = Region(bbox=(20, 30, 40, 4), area_px=160, area_mm2=1.6, max_confidence=0.9, mean_confidence=0.7)
    made = made.model_copy(update={"regions": (region,)})
    know(made)
    return made


def place(verdict: Verdict) -> str:
    return f"/api/inspections/{verdict.id}/corrections"


def test_a_missed_defect_is_kept_under_the_name_of_who_is_logged_in(ask_as: As, folder: Path, verdict: Verdict) -> None:
    answer = ask_as(ADA).post(place(verdict), json={**DRAWN, "author": "somebody else"})

    assert answer.status_code == 201
    said = answer.json()
    assert (said["kind"], said["points"], said["author"], said["note"]) == ("streak", BOX, "ada", "by the left edge")
    assert said["undone"] is None
    listed = ask_as(VIC).get(place(verdict)).json()
    assert [(each["number"], each["may_undo"]) for each in listed["corrections"]] == [(said["number"], False)]
    assert files_in(folder) == [listed["file"]]


def test_where_nobody_logs_in_people_give_their_names(ask_as: As, verdict: Verdict) -> None:
    said = ask_as(NOBODY).post(place(verdict), json={**DRAWN, "author": " Ada "}).json()
    nameless = ask_as(NOBODY).post(place(verdict), json=DRAWN).json()
    undone = ask_as(NOBODY).delete(f"/api/corrections/{said['number']}?author=Grace").json()

    assert (said["author"], nameless["author"], undone["undone_by"]) == ("Ada", "local", "Grace")


def test_a_double_click_is_one_correction(ask_as: As, verdict: Verdict) -> None:
    answers = [ask_as(ADA).post(place(verdict), json=DRAWN) for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert ask_as(BOB).post(place(verdict), json=DRAWN).status_code == 201, "another person says it, too"


def test_a_false_alarm_at_a_region_covers_what_the_mask_shows_of_it(
    ask_as: As, verdict: Verdict, tmp_path: Path
) -> None:
    mask = np.zeros((128, 160), np.uint8)
    mask[30:34, 20:60] = 255
    file = tmp_path / "artifacts" / verdict.key.folder / "mask.png"
    file.parent.mkdir(parents=True)
    boxed = ask_as(ADA).post(place(verdict), json={"kind": "false-alarm", "region": 0}).json()
    file.write_bytes(cv2.imencode(".png", mask)[1].tobytes())

    outlined = ask_as(ADA).post(place(verdict), json={"kind": "false-alarm", "region": 0}).json()

    assert boxed["points"] == [[17, 27], [63, 37]]
    assert len(outlined["points"]) > 4
    assert cv2.pointPolygonTest(np.array(outlined["points"], np.float32), (20.5, 30.5), False) > 0


def test_operators_undo_their_own_and_engineers_all_once(ask_as: As, folder: Path, verdict: Verdict) -> None:
    first, second = (ask_as(ADA).post(place(verdict), json={**DRAWN, "kind": k}).json()["number"] for k in ("a", "b"))

    refused = ask_as(BOB).delete(f"/api/corrections/{first}")
    assert (refused.status_code, refused.json()["detail"]) == (403, "ada said so; an engineer may take it back")
    assert ask_as(VIC).delete(f"/api/corrections/{first}").status_code == 403
    assert ask_as(ADA).delete(f"/api/corrections/{first}").json()["undone_by"] == "ada"
    again = ask_as(EVE).delete(f"/api/corrections/{first}")
    assert (again.status_code, again.json()["detail"]) == (409, f"ada has taken correction {first} back already")
    assert ask_as(EVE).delete(f"/api/corrections/{second}").json()["undone_by"] == "eve"
    assert ask_as(EVE).delete("/api/corrections/4711").status_code == 404

    assert files_in(folder) == []
    assert ask_as(ADA).get(place(verdict)).json() == {"file": None, "corrections": []}
    done = [f"{each['user']}: {each['action']}" for each in ask_as(EVE).get("/api/audit").json()["entries"]]
    assert done[-2:] == ["ada: correct", "ada: correct"]
    assert {"ada: undo correction", "eve: undo correction"} < set(done)


def test_what_somebody_wrote_by_sql_over_no_layer_is_undone_all_the_same(ask_as: As, engine: Engine) -> None:
    about = {"printer": "m290", "build": "job42", "kind": "ignore", "points": [], "author": "a", "note": ""}
    with writing(engine) as connection:
        connection.execute(insert(tables.corrections).values(inspection="layer 7?", created=NOON, **about))

    assert ask_as(EVE).delete("/api/corrections/1").json()["undone_by"] == "eve"


def test_viewers_change_nothing(ask_as: As, verdict: Verdict) -> None:
    answers = [
        ask_as(VIC).post(place(verdict), json=DRAWN),
        ask_as(VIC).post("/api/acknowledgements", json={"subject": verdict.id}),
        ask_as(VIC).delete("/api/acknowledgements/1"),
    ]

    assert [each.status_code for each in answers] == [403] * 3
    assert "this takes the role operator" in answers[0].json()["detail"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": [[10, 10], [161, 20]]}, "inside the picture, 0 to 160 across and 0 to 128 down"),
        ({"points": [[10, 10], [10, 50]]}, "less than a pixel"),
        ({"points": [[10, 10]]}, "at least 2"),
        ({"points": [[1, 1]] * 501}, "at most 500"),
        ({"points": None}, "give points or region"),
        ({"region": 0}, "give points or region"),
        ({"points": None, "region": 1}, "the verdict lists 1 regions"),
        ({"points": None, "region": 10**30}, "region"),
        ({"kind": ""}, "kind"),
        ({"kind": "a/b"}, "kind"),
        ({"kind": "x" * 65}, "kind"),
        ({"note": "x" * 1001}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"author": "x" * 129}, "author"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(
    ask_as: As, folder: Path, verdict: Verdict, change: dict[str, Any], said: str
) -> None:
    answer = ask_as(ADA).post(place(verdict), json={**DRAWN, **change})

    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text
    assert files_in(folder) == []


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"kind":"a","points":[[NaN,1],[5,5]]}',
        b'{"kind":"a","points":[[1e999,1],[5,5]]}',
        b'{"kind":"a","points":[[1,1],[5,5]],"note":"\\ud800"}',
        b'{"kind":"a","points":[[' + b"9" * 5000 + b",1],[5,5]]}",
    ],
)
def test_a_hostile_body_is_the_senders_mistake(ask_as: As, verdict: Verdict, body: bytes) -> None:
    answer = ask_as(ADA).post(place(verdict), content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {400, 422}


def test_an_inspection_that_nobody_knows_is_not_found(ask_as: As, verdict: Verdict) -> None:
    unknown = verdict.id[:-1] + ("0" if verdict.id[-1] != "0" else "1")
    too_far = "m290_job42_999999999999_melt-0123456789ab"

    for inspection in (unknown, too_far):
        assert ask_as(ADA).post(f"/api/inspections/{inspection}/corrections", json=DRAWN).status_code == 404
        assert ask_as(ADA).get(f"/api/inspections/{inspection}/corrections").status_code == 404
        assert ask_as(ADA).post("/api/acknowledgements", json={"subject": inspection}).status_code == 404
    assert ask_as(ADA).get("/api/inspections/nonsense/corrections").status_code == 422
    assert ask_as(ADA).delete(f"/api/corrections/{2**63}").status_code == 422
    assert ask_as(ADA).get("/api/builds/m290/job99/notes").status_code == 404


def test_nothing_is_drawn_over_pictures_that_could_not_be_read(
    ask_as: As, inspected: InspectionMaker, know: Know
) -> None:
    blind = inspected(layer=8, decision=Decision.INVALID, areas_px=())
    images = tuple(each.model_copy(update={"width": None, "height": None}) for each in blind.images)
    know(blind.model_copy(update={"images": images}))

    answer = ask_as(ADA).post(place(blind), json=DRAWN)

    assert (answer.status_code, "could not be read" in answer.json()["detail"]) == (409, True)


def test_a_folder_that_cannot_be_written_is_told_and_nothing_is_kept(
    ask_as: As, folder: Path, verdict: Verdict
) -> None:
    folder.write_text("no folder")

    answer = ask_as(ADA).post(place(verdict), json=DRAWN)

    assert answer.status_code == 503
    assert "is CORRECTIONS_DIR right" in answer.json()["detail"]
    assert ask_as(ADA).get(place(verdict)).json()["corrections"] == []


def test_corrections_follow_the_pictures_to_another_inspection_of_them(
    ask_as: As, inspected: InspectionMaker, know: Know, verdict: Verdict
) -> None:
    ask_as(ADA).post(place(verdict), json=DRAWN)
    again = inspected(layer=7, revision=2)
    know(again)
    anew = inspected(layer=7, revision=3, content="printed anew")

    of_again = ask_as(ADA).get(place(again)).json()
    know(anew)

    assert [each["inspection"] for each in of_again["corrections"]] == [verdict.id]
    assert of_again["file"] is not None
    assert ask_as(ADA).get(place(anew)).json() == {"file": None, "corrections": []}
    replaced = ask_as(ADA).get(place(verdict)).json()
    assert (len(replaced["corrections"]), replaced["file"]) == (1, None)


def test_verdicts_and_events_are_acknowledged_and_that_is_undone(ask_as: As, engine: Engine, verdict: Verdict) -> None:
    event = "m290_job42-build_at_risk-0123456789ab"
    Notes(engine).keep_event(
        EventRecord(id=event, kind="build_at_risk", printer="m290", build="job42", layer=7, published=NOON, body="{}")
    )
    for subject in (verdict.id, event):
        made = ask_as(ADA).post("/api/acknowledgements", json={"subject": subject, "note": "seen"})
        again = ask_as(ADA).post("/api/acknowledgements", json={"subject": subject, "note": "seen"})
        assert (made.status_code, again.status_code, made.json()) == (201, 200, again.json())

    notes = ask_as(VIC).get("/api/builds/m290/job42/notes").json()
    assert [each["subject"] for each in notes["acknowledgements"]] == [verdict.id, event]
    number = notes["acknowledgements"][1]["number"]
    assert ask_as(BOB).delete(f"/api/acknowledgements/{number}").status_code == 403
    assert ask_as(ADA).delete(f"/api/acknowledgements/{number}").json()["undone_by"] == "ada"
    assert ask_as(EVE).delete(f"/api/acknowledgements/{number}").status_code == 409
    assert ask_as(EVE).delete("/api/acknowledgements/999").status_code == 404
    assert ask_as(VIC).get("/api/acknowledgements", params={"subject": event}).json() == {"acknowledgements": []}
    assert len(ask_as(VIC).get("/api/acknowledgements", params={"subject": verdict.id}).json()["acknowledgements"]) == 1


def test_all_notes_of_a_build_are_listed_and_of_many_the_latest(
    monkeypatch: pytest.MonkeyPatch, ask_as: As, inspected: InspectionMaker, know: Know, verdict: Verdict
) -> None:
    other = inspected(layer=9, stage=Stage.RECOAT)
    know(other)
    for each in (verdict, other):
        ask_as(ADA).post(place(each), json=DRAWN)

    assert [each["inspection"] for each in ask_as(VIC).get("/api/builds/m290/job42/notes").json()["corrections"]] == [
        verdict.id,
        other.id,
    ]
    monkeypatch.setattr("monitoring.web.notes.acknowledgements.MOST_NOTES", 1)
    cut = ask_as(VIC).get("/api/builds/m290/job42/notes").json()
    assert ([each["inspection"] for each in cut["corrections"]], cut["left_out"]) == ([other.id], 1)


def test_the_openapi_says_what_may_go_wrong(ask_as: As) -> None:
    paths = json.loads(ask_as(VIC).get("/openapi.json").text)["paths"]

    post = paths["/api/inspections/{inspection}/corrections"]["post"]
    assert {"201", "200", "403", "404", "409", "422", "503"} <= post["responses"].keys()
    ours = [what for path, methods in paths.items() for what in methods.values() if OWN.search(path)]
    assert len(ours) == 7
    for what in ours:
        errors = {code: answer for code, answer in what["responses"].items() if code >= "400"}
        assert {"422", "503"} <= errors.keys()
        for answer in errors.values():
            assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}


def test_where_there_is_no_history_nothing_was_said_yet_and_nothing_can_be(tmp_path: Path) -> None:
    app = create_app(
        MonitoringSettings(database_url=f"sqlite:///{tmp_path}/none.sqlite3", redis_url="redis://127.0.0.1:1/0")
    )
    client = TestClient(app, base_url="http://localhost")
    subject = "m290_job42_000007_melt-0123456789ab"

    assert client.get("/api/acknowledgements", params={"subject": subject}).json() == {"acknowledgements": []}
    refused = client.post("/api/acknowledgements", json={"subject": subject})

    assert (refused.status_code, "python -m monitoring record" in refused.json()["detail"]) == (503, True)
    assert client.get(f"/api/inspections/{subject}/corrections").status_code == 503
    app.state.context.close()
