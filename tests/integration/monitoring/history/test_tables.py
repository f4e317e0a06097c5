"""What is written into the tables, on SQLite and PostgreSQL alike."""

import random
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text

from layerwatch.errors import SettingsError
from layerwatch.layers import LayerKey, Stage
from layerwatch.verdict import Decision, Verdict
from monitoring.history.build_queries import BuildQueries
from monitoring.history.database import open_database, writing
from monitoring.history.layer_queries import LayerQueries
from monitoring.history.migrate import _config, check_current, migrate
from monitoring.history.notes import (
    Acknowledgement,
    Correction,
    EventRecord,
    KeptAcknowledgement,
    KeptCorrection,
    Notes,
)
from monitoring.history.records import hour_of
from monitoring.history.store import HistoryStore, MovedOnError
from monitoring.history.tables import layers, metadata, regions
from tests.integration.monitoring.history.conftest import dump, published

VerdictMaker = Callable[..., Verdict]
ROOT = Path(__file__).resolve().parents[4]
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def some_builds(some_verdict: VerdictMaker) -> list[Verdict]:
    """Four builds of two printers, both stages, all decisions, some layers with two or three revisions."""
    chance = random.Random(6)
    made = []
    for number in range(240):
        for revision in range(1, chance.choice((1, 1, 1, 2, 3)) + 1):
            decision = chance.choice(list(Decision))
            made.append(
                some_verdict(
                    printer=f"m{number % 2}",
                    build=f"job{number % 4}",
                    layer=number // 8,
                    stage=list(Stage)[number // 4 % 2],
                    decision=decision,
                    areas_px=(chance.randint(10, 900), 40) if decision is not Decision.PASS else (),
                    revision=revision,
                    published=NOON + timedelta(minutes=4 * number + 30 * revision),
                    mm2=number % 3 > 0,
                )
            )
    return made


def test_whatever_order_verdicts_come_in_the_tables_are_the_same(
    new_database: Callable[[str], str], some_builds: list[Verdict]
) -> None:
    dumps = []
    for seed, kind in enumerate(("sqlite", "sqlite", "postgresql")):
        engine = open_database(new_database(kind))
        migrate(engine)
        store = HistoryStore(engine)
        random.Random(seed).shuffle(some_builds)
        for first in range(0, len(some_builds), 50):
            store.take_in([published(each) for each in some_builds[first : first + 70]])  # 20 of them twice
        dumps.append(dump(engine))
        engine.dispose()

    assert len(dumps[0]["revisions"]) == len(some_builds)
    assert dumps[0] == dumps[1] == dumps[2]


def test_only_what_was_new_is_returned_in_order(store: HistoryStore, some_verdict: VerdictMaker) -> None:
    verdicts = [some_verdict(layer=number) for number in (5, 3, 4)]
    store.take_in([published(verdicts[1])])

    written = store.take_in([*map(published, verdicts), published(verdicts[0])])

    assert [each.verdict.layer for each in written.new] == [5, 4]
    assert store.take_in([published(verdicts[0])]).new == ()
    assert store.take_in([]).new == ()


def test_queries_say_what_the_verdicts_say(engine: Engine, store: HistoryStore, some_builds: list[Verdict]) -> None:
    store.take_in([published(each) for each in some_builds])
    newest = {verdict.key: verdict for verdict in sorted(some_builds, key=lambda each: each.revision)}
    of_layers, of_builds = LayerQueries(engine), BuildQueries(engine)

    strip = of_layers.strip("m1", "job1")
    keys = [LayerKey(printer="m1", build="job1", layer=each.layer, stage=each.stage) for each in strip]
    assert keys == sorted(
        (key for key in newest if key.build == "job1"), key=lambda key: (key.layer, key.stage == Stage.MELT)
    )
    for layer, verdict in zip(strip, (newest[key] for key in keys), strict=True):
        assert (layer.inspection, layer.decision) == (verdict.id, verdict.decision)
        assert (layer.regions, layer.defect_area_ratio) == (len(verdict.regions), verdict.defect_area_ratio)
    assert list(of_layers.verdicts("m1", "job1")) == [newest[key] for key in keys]

    latest = of_layers.latest_layers("m0", limit=7)
    times = sorted((verdict.timing.published for key, verdict in newest.items() if key.printer == "m0"), reverse=True)
    assert [facts.published for facts in latest] == times[:7]
    for facts in latest:
        verdict = newest[facts.key]
        assert (facts.printer, facts.inspection, facts.decision) == ("m0", verdict.id, verdict.decision)
        assert (facts.regions, facts.defect_area_mm2) == (len(verdict.regions), verdict.defect_area_mm2)
    assert [facts.published for facts in of_layers.latest_layers("m0", limit=3, before=times[6])] == times[7:10]
    assert len({facts.printer for facts in of_layers.latest_layers()}) == 2

    rank = {Decision.REJECT: 0, Decision.REVIEW: 1, Decision.INVALID: 2}
    bad = [verdict for key, verdict in newest.items() if key.build == "job2" and verdict.decision in rank]
    bad.sort(key=lambda each: (rank[each.decision], -each.defect_area_ratio, -each.max_confidence, each.layer))
    assert [facts.inspection for facts in of_layers.worst_layers("m0", "job2", limit=5)] == [
        each.id for each in bad[:5]
    ]

    found = of_builds.builds()
    assert [build.last_published for build in found] == sorted(
        (max(each.timing.published for each in some_builds if each.build == f"job{number}") for number in range(4)),
        reverse=True,
    )
    for build in found:
        its = Counter(verdict.decision for key, verdict in newest.items() if key.build == build.name)
        assert build.decisions == {decision: its[decision] for decision in Decision}
        assert of_builds.build(build.printer, build.name) == build
    assert [build.name for build in of_builds.builds("m1")] == [each.name for each in found if each.printer == "m1"]
    assert of_builds.printers() == ("m0", "m1")
    assert of_builds.build("m0", "job1") is None


def test_hours_are_counted_by_what_layers_are_judged_by_now(
    engine: Engine, store: HistoryStore, some_builds: list[Verdict]
) -> None:
    for first in range(0, len(some_builds), 9):  # in pieces, so that later revisions move layers to other hours
        store.take_in([published(each) for each in some_builds[first : first + 9]])
    newest = {verdict.key: verdict for verdict in sorted(some_builds, key=lambda each: each.revision)}
    queries = BuildQueries(engine)
    since, until = NOON + timedelta(hours=3, minutes=20), NOON + timedelta(hours=9)

    hours = queries.hours(since, until, printer="m1")

    counts: dict[datetime, Counter[Decision]] = {}
    for key, verdict in newest.items():
        hour = hour_of(verdict.timing.captured)
        if key.printer == "m1" and NOON + timedelta(hours=3) <= hour < until:
            counts.setdefault(hour, Counter())[verdict.decision] += 1
    assert {each.hour: {**each.decisions} for each in hours} == {
        hour: {decision: count[decision] for decision in Decision} for hour, count in counts.items()
    }
    assert queries.decisions(printer="m1", since=since, until=until) == {
        decision: sum(count[decision] for count in counts.values()) for decision in Decision
    }
    assert sum(queries.decisions().values()) == len(newest)
    assert sum(queries.decisions(build="job3").values()) == sum(key.build == "job3" for key in newest)
    assert queries.hours(NOON - timedelta(days=2), NOON - timedelta(days=1)) == ()


def test_a_layer_is_shown_with_all_its_revisions_and_their_regions(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    first = some_verdict(layer=8, decision=Decision.REJECT, areas_px=(900, 40))
    second = some_verdict(layer=8, decision=Decision.REVIEW, areas_px=(90,), revision=2)
    store.take_in([published(second)])
    store.take_in([published(first)])
    queries = LayerQueries(engine)

    found = queries.layer(first.key)

    assert found is not None
    assert found.revisions == (second, first)
    assert (found.now.key, found.now.decision) == (first.key, Decision.REVIEW)
    assert queries.verdict(first.id) == first
    with engine.connect() as connection:
        assert sorted(connection.scalars(select(regions.c.area_px))) == [40, 90, 900]
    assert queries.layer(LayerKey(printer="m290", build="job42", layer=9, stage=Stage.MELT)) is None
    assert queries.verdict("m290_job42_000009_melt-000000000000") is None


def test_builds_in_progress_are_shown_again_by_their_last_layers(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    for build, begun in (("old", NOON - timedelta(days=2)), ("first", NOON), ("second", NOON + timedelta(hours=1))):
        store.take_in(
            [
                published(
                    some_verdict(build=build, layer=layer, stage=stage, published=begun + timedelta(minutes=layer))
                )
                for layer in range(6)
                for stage in Stage
            ]
        )

    last = LayerQueries(engine).in_progress(since=NOON, builds_at_most=5, layers_of_each=3)

    assert [(verdict.build, verdict.layer, verdict.stage.value) for verdict in last] == [
        (build, layer, stage)
        for build in ("first", "second")
        for layer, stage in ((4, "melt"), (5, "recoat"), (5, "melt"))
    ]


def test_one_verdict_that_the_database_refuses_does_not_keep_the_others_out(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    verdicts = [some_verdict(layer=number, areas_px=(50,)) for number in range(4)]
    huge = verdicts[2].regions[0].model_copy(update={"area_px": 1 << 70})
    verdicts[2] = verdicts[2].model_copy(update={"regions": (huge,)})

    written = store.take_in([published(each) for each in verdicts])

    assert ([each.verdict.layer for each in written.new], written.refused) == ([0, 1, 3], 1)
    with engine.connect() as connection:
        assert sorted(connection.scalars(select(layers.c.layer))) == [0, 1, 3]


def test_verdicts_and_the_place_in_the_stream_are_written_together_or_not_at_all(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    store.advance([published(some_verdict(layer=1))], behind="0", cursor="5-0", entries=1)

    with pytest.raises(MovedOnError):
        store.advance([published(some_verdict(layer=2))], behind="0", cursor="6-0", entries=2)

    assert (store.position().cursor, store.position().entries) == ("5-0", 1)
    with engine.connect() as connection:
        assert list(connection.scalars(select(layers.c.layer))) == [1]


def test_several_writers_at_once_write_each_verdict_once(
    engine: Engine, store: HistoryStore, some_builds: list[Verdict]
) -> None:
    pieces = [some_builds[first : first + 20] for first in range(0, len(some_builds), 20)] * 2

    with ThreadPoolExecutor(4) as writers:
        written = list(writers.map(lambda piece: store.take_in([published(each) for each in piece]), pieces))

    assert sum(len(each.new) for each in written) == len(some_builds)
    assert len(dump(engine)["revisions"]) == len(some_builds)


def test_the_sql_that_is_written_down_for_people_works(
    engine: Engine, store: HistoryStore, some_verdict: VerdictMaker
) -> None:
    store.take_in([published(some_verdict(layer=3, decision=Decision.REJECT, areas_px=(900,)))])
    blocks = re.findall(r"```sql\n(.*?)```", (ROOT / "docs" / "history.md").read_text(encoding="utf-8"), re.DOTALL)
    queries = [query for query in "".join(blocks).split(";") if query.strip()]
    if engine.dialect.name == "postgresql":
        queries = [query.replace("json_extract(body, '$.timing.queued')", _in_postgresql(query)) for query in queries]

    with engine.connect() as connection:
        answers = [connection.exec_driver_sql(query).all() for query in queries]

    assert len(answers) == 4
    assert all(len(answer) == 1 for answer in answers)


def _in_postgresql(query: str) -> str:
    """Return what the comment in a query says that PostgreSQL wants in its place."""
    found = re.search(r"PostgreSQL: (.*)\)$", query, re.MULTILINE)
    return found[1] if found else ""


def test_what_people_and_escalations_say_is_kept(engine: Engine, some_verdict: VerdictMaker) -> None:
    notes, verdict = Notes(engine), some_verdict(layer=3)
    who = {"author": "ada", "note": "a shadow", "created": NOON}
    outline = ((1.0, 2.0), (30.5, 2.0), (30.5, 40.0))
    correction = Correction(inspection=verdict.id, kind="false-alarm", points=outline, **who)  # type: ignore[arg-type]
    seen = Acknowledgement(subject=verdict.id, printer="m290", build="job42", **who)  # type: ignore[arg-type]
    event = EventRecord(
        id="at-risk-1",
        kind="build_at_risk",
        printer="m290",
        build="job42",
        layer=9,
        published=NOON,
        body='{"schema":1}',
    )

    number = notes.correct(correction)
    (kept, is_new), again = notes.acknowledge(seen), notes.acknowledge(seen)

    assert (is_new, again) == (True, (kept, False))
    assert (notes.keep_event(event), notes.keep_event(event)) == (True, False)
    assert notes.corrections("m290", "job42") == (KeptCorrection(**asdict(correction), number=number),)
    assert notes.acknowledgements("m290", "job42") == (KeptAcknowledgement(**asdict(seen), number=kept.number),)
    assert notes.acknowledgements_of(verdict.id) == (kept,)
    assert notes.events("m290", "job42") == (event,)
    assert not notes.corrections("m290", "job4")
    assert not notes.acknowledgements("m291", "job42")
    assert not notes.events("m290", "job4")


def test_what_is_taken_back_is_left_out_and_stays_known(engine: Engine, some_verdict: VerdictMaker) -> None:
    notes, inspection = Notes(engine), some_verdict(layer=3).id
    who = {"author": "ada", "note": "", "created": NOON}
    notes.correct(Correction(inspection=inspection, kind="ignore", points=((1, 1), (5, 5)), **who))  # type: ignore[arg-type]
    seen = Acknowledgement(subject=inspection, printer="m290", build="job42", **who)  # type: ignore[arg-type]
    (kept, _) = notes.acknowledge(seen)
    later = NOON + timedelta(hours=1)

    done = [notes.take_back_acknowledgement(kept.number, by="grace", when=later) for _ in range(2)]

    assert done == [True, False]
    assert notes.acknowledgements("m290", "job42") == notes.acknowledgements_of(inspection) == ()
    assert notes.acknowledgement(kept.number) == replace(kept, undone=later, undone_by="grace")
    assert len(notes.corrections("m290", "job42")) == 1, "only what was named is taken back"
    assert notes.acknowledge(seen)[1], "said again after it was taken back, it is new"


def test_the_migrations_make_the_tables_that_the_code_knows(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_what_people_said_before_it_could_be_undone_holds_after_the_migration(database_url: str) -> None:
    engine = open_database(database_url)
    with writing(engine) as connection:
        command.upgrade(_config(connection), "0001")
        connection.execute(
            text(
                "INSERT INTO corrections (inspection, printer, build, kind, points, author, note, created) VALUES "
                "('m290_job42_000003_melt-0123456789ab', 'm290', 'job42', 'pit', '[[1, 2], [3, 4]]', 'ada', '', :now)"
            ),
            {"now": NOON.replace(tzinfo=None) if engine.dialect.name == "sqlite" else NOON},
        )

    assert migrate(engine) == "0002"

    (kept,) = Notes(engine).corrections("m290", "job42")
    assert (kept.kind, kept.author, kept.created, kept.undone) == ("pit", "ada", NOON, None)
    engine.dispose()


def test_a_database_that_is_newer_is_refused_and_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (migrate, check_current):
        with pytest.raises(SettingsError, match=r"revision 9999.*written by a newer one.*Update layerwatch"):
            use(engine)

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_who_only_reads_is_told_that_there_are_no_tables_yet(database_url: str) -> None:
    engine = open_database(database_url)

    with pytest.raises(SettingsError, match="python -m monitoring migrate"):
        check_current(engine)

    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_several_that_start_at_once_make_the_tables_once(database_url: str) -> None:
    engines = [open_database(database_url) for _ in range(4)]

    with ThreadPoolExecutor(4) as starting:
        assert sorted(map(str, starting.map(migrate, engines))) == ["0002", "None", "None", "None"]

    for engine in engines:
        engine.dispose()
