"""Builds and layers over HTTP: from the history, and from the stream where the history does not have them yet."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from layerwatch.layers import CHECK_PRINTER, Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.history.notes import EventRecord, Notes
from tests.integration.monitoring.conftest import wait_until
from tests.integration.monitoring.web.conftest import Plant

pytestmark = pytest.mark.redis

VerdictMaker = Callable[..., Verdict]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
STRIP = ("layers", "stages", "decisions", "inspections", "regions", "ratios", "seconds")
UNKNOWN = (
    "/api/builds/m290/nothing",
    "/api/builds/m290/nothing/strip",
    "/api/builds/m290/nothing/column?stage=melt&x=0&y=0&width=9&height=9",
    "/api/layers/m290_nothing_000001_melt",
)


def strip(page: httpx.Client, build: str) -> httpx.Response:
    return page.get(f"/api/builds/m290/{build}/strip")


def test_a_strip_gives_all_layers_as_lists_in_order(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    layers = [of_build(layer=n, stage=stage, seconds=n + 0.5) for n in (2, 1) for stage in (Stage.MELT, Stage.RECOAT)]
    plant.record(*layers, of_build(layer=1, revision=2, decision=Decision.REJECT, areas_px=(900,)))

    found = strip(page, build).json()

    assert found["layers"] == [1, 1, 2, 2]
    assert found["stages"] == ["recoat", "melt", "recoat", "melt"]
    assert found["decisions"] == ["pass", "reject", "pass", "pass"]
    assert found["regions"] == [0, 1, 0, 0]
    assert found["ratios"] == [0, 0.0009, 0, 0]
    assert found["seconds"] == [1.5, 1.5, 2.5, 2.5]
    assert found["inspections"][0] == layers[3].id


def test_a_strip_has_what_the_stream_has_and_the_history_does_not_have_yet(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    recorded = [of_build(layer=n) for n in (1, 2, 3)]
    again, new = of_build(layer=2, revision=2, decision=Decision.REJECT, areas_px=(90,)), of_build(layer=4, seconds=7)
    plant.record(*recorded, of_build(layer=3, revision=2, decision=Decision.REVIEW))
    plant.publish(recorded[2], again, new)

    wait_until(lambda: 4 in strip(page, build).json()["layers"])
    found = strip(page, build).json()

    assert found["layers"] == [1, 2, 3, 4]
    assert found["decisions"] == ["pass", "reject", "review", "pass"]
    assert found["inspections"][1] == again.id
    assert found["ratios"][1] == pytest.approx(0.00009)
    assert found["seconds"][3] == pytest.approx(7)
    assert {len(found[name]) for name in STRIP} == {4}


def test_a_strip_of_thousands_of_layers_is_sent_compressed_and_only_once(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    plant.record(*(of_build(layer=n) for n in range(2500)))

    first = strip(page, build)
    second = page.get(f"/api/builds/m290/{build}/strip", headers={"If-None-Match": first.headers["etag"]})
    plant.record(of_build(layer=9, revision=2, decision=Decision.REVIEW))
    third = page.get(f"/api/builds/m290/{build}/strip", headers={"If-None-Match": f'"other", {first.headers["etag"]}'})

    assert len(first.json()["layers"]) == 2500
    assert first.headers["content-encoding"] == "gzip"
    assert (second.status_code, second.content) == (304, b"")
    assert (third.status_code, third.json()["decisions"][9]) == (200, "review")


def test_event_streams_are_not_held_back_by_compression(page: httpx.Client) -> None:
    with page.stream("GET", "/api/events", headers={"Accept-Encoding": "gzip"}) as answer:
        assert "content-encoding" not in answer.headers
        assert next(answer.iter_lines()).startswith("retry:")


def test_builds_are_listed_in_pages_newest_first_without_checks_of_single_layers(
    plant: Plant, page: httpx.Client, some_verdict: VerdictMaker
) -> None:
    for number in range(5):  # two builds a moment, so that a page ends between equals
        moment = NOON + timedelta(minutes=number // 2)
        plant.record(some_verdict(printer="pager", build=f"job{number}", published=moment))
    plant.record(some_verdict(printer=CHECK_PRINTER, build="20260504-120000-abcdef", published=NOON))

    names: list[str] = []
    before: str | None = ""
    while before is not None:
        cursor = {"before": before} if before else {}
        answer = page.get("/api/builds", params={"printer": "pager", "limit": "2", **cursor}).json()
        names += [each["build"] for each in answer["builds"]]
        before = answer["next"]
    everything = page.get("/api/builds?limit=200").json()

    assert names == ["job4", "job3", "job2", "job1", "job0"]
    assert CHECK_PRINTER not in {each["printer"] for each in everything["builds"]}
    assert [each["build"] for each in page.get(f"/api/builds?printer={CHECK_PRINTER}").json()["builds"]] == [
        "20260504-120000-abcdef"
    ]
    assert page.get("/api/builds?before=99999999999999999-1").status_code == 200


def test_a_build_is_described_with_its_stages_and_what_was_told_of_it(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    plant.record(*(of_build(layer=n, published=NOON, seconds=60) for n in (3, 4, 9)))
    plant.record(of_build(layer=2, stage=Stage.RECOAT, decision=Decision.REJECT, areas_px=(9,), published=NOON))
    about = {"printer": "m290", "build": build, "layer": 9, "published": NOON}
    Notes(plant.engine).keep_event(EventRecord(id=f"{build}-1", kind="build_at_risk", body='{"schema":2}', **about))  # type: ignore[arg-type]

    found = page.get(f"/api/builds/m290/{build}").json()

    assert found["decisions"] == {"pass": 3, "review": 0, "reject": 1, "invalid": 0}
    assert found["stages"] == [
        {"stage": "recoat", "first": 2, "last": 2, "layers": 1},
        {"stage": "melt", "first": 3, "last": 9, "layers": 3},
    ]
    assert found["first_captured"] == "2026-05-04T11:59:00Z"
    assert [(event["words"], event["layer"]) for event in found["events"]] == [("Build at risk", 9)]
    assert found["recorded"] is True


def test_a_layer_is_given_with_its_revisions_links_neighbours_and_summary(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    first = of_build(layer=3, decision=Decision.REJECT, areas_px=(900, 40))
    second = of_build(layer=3, decision=Decision.REVIEW, areas_px=(90,), revision=2)
    plant.record(first, second, of_build(layer=1), of_build(layer=7), of_build(layer=2, stage=Stage.RECOAT))

    found = page.get(f"/api/layers/m290_{build}_000003_melt").json()

    assert Verdict.model_validate(found["verdict"]) == second
    assert [(each["id"], each["decision"]) for each in found["revisions"]] == [
        (second.id, "review"),
        (first.id, "reject"),
    ]
    assert (found["width"], found["height"]) == (1000, 1000)
    assert (found["previous"], found["next"]) == (f"m290_{build}_000001_melt", f"m290_{build}_000007_melt")
    assert found["overlay_url"] == f"/artifacts/m290/{build}/000003_melt/overlay.jpg?v={second.id[-12:]}"
    assert found["mask_url"] == f"/artifacts/m290/{build}/000003_melt/mask.png?v={second.id[-12:]}"
    assert found["summary"].startswith("Review. 1 defect region, 0.900 mm²")


def test_a_layer_that_only_the_stream_has_is_found_with_its_neighbours(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    plant.record(of_build(layer=4))
    new = [of_build(layer=5), of_build(layer=6), of_build(layer=5, revision=2, decision=Decision.INVALID)]
    plant.publish(*new)
    wait_until(lambda: len(page.get(f"/api/layers/m290_{build}_000005_melt").json().get("revisions", ())) == 2)

    found = page.get(f"/api/layers/m290_{build}_000005_melt").json()

    assert [each["id"] for each in found["revisions"]] == [new[2].id, new[0].id]
    assert (found["previous"], found["next"]) == (f"m290_{build}_000004_melt", f"m290_{build}_000006_melt")
    assert found["overlay_url"] is None
    assert found["pictures"][0]["compared_with"] == f"m290_{build}_000004_melt"


def test_without_a_history_what_the_stream_has_is_shown_and_the_rest_is_said_to_be_away(
    plant: Plant, build: str, of_build: VerdictMaker
) -> None:
    plant.publish(of_build(layer=4, stage=Stage.RECOAT), of_build(layer=5, decision=Decision.REJECT))

    with plant.page(MONITORING_DATABASE_URL=f"sqlite:///{plant.folder}/none.sqlite3") as page:
        layer = page.get(f"/api/layers/m290_{build}_000005_melt")
        whole = page.get(f"/api/builds/m290/{build}").json()
        columns = strip(page, build).json()
        unknown = [page.get(path) for path in (*UNKNOWN, "/api/builds")]

    assert layer.json()["verdict"]["decision"] == "reject"
    assert (whole["recorded"], whole["decisions"]["reject"]) == (False, 1)
    assert [stage["stage"] for stage in whole["stages"]] == ["recoat", "melt"]
    assert columns["layers"] == [4, 5]
    assert {answer.status_code for answer in unknown} == {503}
    assert all("python -m monitoring record" in answer.json()["detail"] for answer in unknown)


def test_a_place_is_followed_through_the_layers(
    plant: Plant, page: httpx.Client, build: str, of_build: VerdictMaker
) -> None:
    plant.record(*(of_build(layer=n, decision=Decision.REVIEW, areas_px=(90, 300)) for n in (2, 3, 8)))
    plant.record(of_build(layer=4), of_build(layer=3, revision=2))

    place: dict[str, str | int] = {"stage": "melt", "x": 120, "y": 45, "width": 10, "height": 10}
    found = page.get(f"/api/builds/m290/{build}/column", params=place).json()
    from_3 = page.get(f"/api/builds/m290/{build}/column", params=place | {"from": 3, "to": 8}).json()

    assert [(each["layer"], each["regions"], each["area_px"]) for each in found["layers"]] == [(2, 1, 300), (8, 1, 300)]
    assert found["layers"][0]["bbox"] == [100, 50, 30, 11]
    assert found["layers"][0]["area_mm2"] == pytest.approx(3.0)
    assert found["next"] is None
    assert [each["layer"] for each in from_3["layers"]] == [8]


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_nobody_knows_is_not_found_in_words(page: httpx.Client, path: str) -> None:
    answer = page.get(path)

    assert answer.status_code == 404
    assert "is known" in answer.json()["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/builds?limit=100000",
        "/api/builds?printer=a_b",
        "/api/builds?before=yesterday",
        "/api/builds?before=%D9%A3-%D9%A3",
        "/api/builds/m290/%00",
        "/api/builds/m290/a%2fb/strip",
        "/api/builds/m290/" + "a" * 129,
        "/api/builds/m290/x/column?stage=melt&x=99999999999999999999&y=0&width=9&height=9",
        "/api/builds/m290/x/column?stage=melt&x=-1&y=0&width=9&height=9",
        "/api/builds/m290/x/column?stage=boil&x=0&y=0&width=9&height=9",
        "/api/layers/m290_x_%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3%D9%A3_melt",
        "/api/layers/m290_x_999999999_melt",
        "/api/layers/..%2f..%2fetc",
    ],
)
def test_what_no_name_or_number_can_be_is_refused(page: httpx.Client, path: str) -> None:
    answer = page.get(path)

    assert answer.status_code in {404, 422}
    assert answer.json()["detail"]
