"""What is silent, down or late, in words that say what to do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layerwatch.source_state import SourceState
from monitoring.web.now.facts import HistoryFacts
from monitoring.web.now.plant import Plant, Source
from monitoring.web.now.trouble import Gravity, Trouble, length
from monitoring.web.now.troubles import Facts, troubles

StateMaker = Callable[..., SourceState]
PlantMaker = Callable[..., Plant]
FINE = HistoryFacts(cursor="1-0")


def source_of(state: SourceState, *, quiet: float = 0.0, lacking: float = 0.0) -> Source:
    return Source(state=state, quiet_seconds=quiet, lacking_seconds=lacking)


def only(found: tuple[Trouble, ...]) -> Trouble:
    assert len(found) == 1, found
    assert found[0].what_now.endswith(".")
    return found[0]


def test_nothing_is_wrong_where_everything_is_there(some_plant: PlantMaker) -> None:
    assert troubles(Facts(plant=some_plant(queued=3, started=2), history=FINE, last_verdict_seconds=4.0)) == ()


def test_before_anything_is_known_nothing_is_claimed() -> None:
    assert troubles(Facts()) == ()


def test_redis_that_is_away_says_nothing_of_what_only_redis_knows(some_plant: PlantMaker) -> None:
    plant = some_plant(workers={"idle": 0, "busy": 0, "silent": 0})

    found = troubles(Facts(away_since=datetime.now(UTC), plant=plant, history=FINE))

    assert only(found).gravity is Gravity.DOWN
    assert "Redis does not answer" in found[0].sentence


def test_no_worker_is_down_and_says_how_much_waits(some_plant: PlantMaker) -> None:
    plant = some_plant(workers={"idle": 0, "busy": 0, "silent": 1}, queued=2, started=1)

    found = only(troubles(Facts(plant=plant, history=FINE)))

    assert found.gravity is Gravity.DOWN
    assert found.sentence == "No worker is running: no layer is judged. 3 layer sets wait."
    assert "`python -m worker run`" in found.what_now


def test_one_silent_worker_among_others_is_a_warning(some_plant: PlantMaker) -> None:
    plant = some_plant(workers={"idle": 1, "busy": 1, "silent": 1})

    found = only(troubles(Facts(plant=plant, history=FINE)))

    assert (found.gravity, found.sentence) == (Gravity.WARNING, "1 of 3 workers is silent.")


FULL = "cannot write to /srv/artifacts: No space left on device; make room there"


def test_workers_that_can_write_nothing_are_down_with_the_reason_and_neither_stuck_nor_too_few(
    some_plant: PlantMaker,
) -> None:
    plant = some_plant(unwritable=(FULL, FULL), queued=30, grows=True, waiting_seconds=600.0)

    found = only(troubles(Facts(plant=plant, history=FINE, last_verdict_seconds=600.0)))

    assert (found.key, found.gravity) == ("artifacts", Gravity.DOWN)
    assert found.sentence == "No verdict can be written: no layer is judged. 30 layer sets wait."
    assert found.what_now.startswith("Cannot write to /srv/artifacts: No space left on device; make room there. ")


def test_one_worker_of_several_that_can_write_nothing_is_a_warning(some_plant: PlantMaker) -> None:
    found = only(troubles(Facts(plant=some_plant(unwritable=(FULL,)), history=FINE)))

    assert found.gravity is Gravity.WARNING
    assert found.sentence == "1 of 2 workers can write no verdict."


def test_ingest_that_never_ran_and_ingest_that_fell_silent_are_told_apart(
    some_plant: PlantMaker, some_state: StateMaker
) -> None:
    never = only(troubles(Facts(plant=replace(some_plant(), sources=()), history=FINE)))
    silent = only(troubles(Facts(plant=some_plant(source_of(some_state(), quiet=180.0)), history=FINE)))

    assert never.sentence == "Ingest is not running: nobody watches a printer's folder."
    assert silent.sentence.startswith("Ingest is silent for 3 minutes")
    assert never.key == silent.key == "ingest"


def test_one_ingest_of_several_that_is_silent_is_named_by_its_printer(
    some_plant: PlantMaker, some_state: StateMaker
) -> None:
    plant = some_plant(source_of(some_state("a")), source_of(some_state("b"), quiet=90.0))

    found = only(troubles(Facts(plant=plant, history=FINE)))

    assert (found.printer, found.key) == ("b", "ingest-b")
    assert found.gravity is Gravity.DOWN


def test_a_printer_that_ingest_has_not_named_since_yesterday_is_no_trouble_any_more(
    some_plant: PlantMaker, some_state: StateMaker
) -> None:
    plant = some_plant(source_of(some_state("a")), source_of(some_state("old"), quiet=25 * 3600.0))

    assert troubles(Facts(plant=plant, history=FINE)) == ()
    assert plant.source("old") is None


def test_a_folder_that_is_away_is_named_with_its_place(some_plant: PlantMaker, some_state: StateMaker) -> None:
    plant = some_plant(source_of(some_state(is_up=False, silent_seconds=900.0)))

    found = only(troubles(Facts(plant=plant, history=FINE)))

    assert found.sentence == "The folder of m290 is away: /mnt/m290"
    assert found.printer == "m290"


def test_silence_missing_layers_and_lacking_lights_are_warnings_of_a_printer(
    some_plant: PlantMaker, some_state: StateMaker
) -> None:
    state = some_state(silent_seconds=840.0, light=2, irregular={"missing": 1})

    found = troubles(Facts(plant=some_plant(source_of(state, lacking=30.0)), history=FINE))

    assert [trouble.sentence for trouble in found] == [
        "No new layer from m290 for 14 minutes.",
        "2 layer sets of m290 lack a light.",
        "1 layer of m290 is missing.",
    ]
    assert {trouble.gravity for trouble in found} == {Gravity.WARNING}


def test_a_set_that_just_waits_for_its_next_light_is_no_trouble(some_plant: PlantMaker, some_state: StateMaker) -> None:
    assert troubles(Facts(plant=some_plant(source_of(some_state(light=1), lacking=8.0)), history=FINE)) == ()


def test_a_backlog_is_a_note_with_its_time_and_a_warning_while_it_grows(some_plant: PlantMaker) -> None:
    calm = only(troubles(Facts(plant=some_plant(queued=120, started=1), history=FINE, lately=60)))
    growing = only(troubles(Facts(plant=some_plant(queued=120, grows=True), history=FINE)))

    assert calm.gravity is Gravity.NOTE
    assert calm.sentence == "120 layer sets wait, for about 4 minutes at the present pace."
    assert growing.gravity is Gravity.WARNING
    assert growing.sentence == "120 layer sets wait and they become more."
    assert growing.what_now == "Start more workers."


def test_what_waits_in_folders_counts_as_backlog(some_plant: PlantMaker, some_state: StateMaker) -> None:
    plant = some_plant(source_of(some_state(queue=4_000)), queued=500)

    assert "4,500 layer sets wait" in only(troubles(Facts(plant=plant, history=FINE))).sentence


def test_workers_that_give_no_verdict_are_down(some_plant: PlantMaker) -> None:
    plant = some_plant(queued=1, waiting_seconds=300.0)

    found = only(troubles(Facts(plant=plant, history=FINE, last_verdict_seconds=301.0)))

    assert found.gravity is Gravity.DOWN
    assert "no verdict has come for 5 minutes" in found.sentence
    assert troubles(Facts(plant=plant, history=FINE, last_verdict_seconds=3.0)) == ()


def test_given_up_inspections_say_where_to_look(some_plant: PlantMaker) -> None:
    found = only(troubles(Facts(plant=some_plant(given_up=3), history=FINE)))

    assert found.sentence == "3 inspections could not be done after several attempts."
    assert "ingest quarantine list" in found.what_now


@pytest.mark.parametrize(
    ("history", "unwritten", "said"),
    [
        (HistoryFacts(missing="there is no history yet: start `python -m monitoring record`"), 0.0, "Nothing is kept"),
        (HistoryFacts(away="connection refused"), 0.0, "The history does not answer"),
        (FINE, 185.0, "The history is 3 minutes behind"),
    ],
)
def test_a_history_that_is_missing_away_or_behind_is_a_warning(
    some_plant: PlantMaker, history: HistoryFacts, unwritten: float, said: str
) -> None:
    found = only(troubles(Facts(plant=some_plant(), history=history, unwritten_seconds=unwritten)))

    assert found.gravity is Gravity.WARNING
    assert found.sentence.startswith(said)
    assert "connection refused" not in found.sentence


def test_the_gravest_comes_first(some_plant: PlantMaker) -> None:
    plant = some_plant(workers={}, given_up=1, queued=30)

    found = troubles(Facts(plant=plant, history=HistoryFacts(away="gone")))

    assert [trouble.gravity for trouble in found] == [
        Gravity.DOWN,
        Gravity.WARNING,
        Gravity.WARNING,
        Gravity.NOTE,
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "10 seconds"), (47, "40 seconds"), (150, "2 minutes"), (7300, "2 hours"), (200_000, "2 days")],
)
def test_lengths_are_coarse_enough_to_be_said(seconds: float, text: str) -> None:
    assert length(seconds) == text
