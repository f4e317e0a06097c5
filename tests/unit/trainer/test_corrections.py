"""What people drew over verdicts, laid over labels and masks."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from layerwatch.bundle import InputSpec, Manifest, load_manifest
from layerwatch.errors import TrainingError
from trainer.ignore import IGNORE
from trainer.kinds import kind_names
from trainer.labels.rules import FIRST_CORRECTED
from trainer.preparing import Prepared, prepare_all
from trainer.sources import CLEAN, SKIP, LayerFiles, Source, find_layer_sets, parse_sources
from trainer.store import data_hash, read_layer, true_kinds

LEFT, RIGHT = [[10, 10], [50, 10], [50, 50], [10, 50]], [[90, 10], [130, 10], [130, 50], [90, 50]]

Correct = Callable[..., Path]


@pytest.fixture
def correct(tmp_path: Path, write_layer: Callable[..., None]) -> Correct:
    """Write what somebody drew over the first of four layers."""
    for layer in range(1, 5):
        write_layer(layer)
    (tmp_path / "corrections").mkdir()

    def write(**shapes: list[list[int]]) -> Path:
        drawn = [{"label": name.replace("_", "-"), "points": points} for name, points in shapes.items()]
        path = tmp_path / "corrections" / "one.json"
        path.write_text(json.dumps({"shapes": drawn, "imagePath": "b1/A0001b.PNG"}), encoding="utf-8")
        return path

    return write


def source(tmp_path: Path, *, masks: str, labels: str = "none") -> Source:
    (read,) = parse_sources(
        [tmp_path / "images"], [masks], ["nist-ammt"], labels=[labels], corrections=[str(tmp_path / "corrections")]
    )
    return read


def first(read: Source) -> tuple[LayerFiles, NDArray[np.uint8]]:
    files = find_layer_sets(read, 0)[0]
    return files, true_kinds(files, read, read_layer(files, read)[0])


def mask_with_a_defect_left(tmp_path: Path) -> str:
    mask = np.zeros((128, 160), np.uint8)
    mask[15:45, 15:45] = 255
    for layer in range(1, 5):
        path = tmp_path / "masks" / "b1" / f"{layer:06d}_recoat.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), mask)
    return str(tmp_path / "masks")


def test_a_false_alarm_is_erased_and_a_missed_defect_added(tmp_path: Path, correct: Correct) -> None:
    correct(false_alarm=LEFT, streak=RIGHT)

    files, kinds = first(source(tmp_path, masks=mask_with_a_defect_left(tmp_path)))

    assert not kinds[:, :80].any()
    assert (kinds[20:40, 100:120] == FIRST_CORRECTED).all()
    assert kind_names([files]) == {FIRST_CORRECTED: "streak"}


def test_what_was_not_corrected_stays(tmp_path: Path, correct: Correct) -> None:
    masks = mask_with_a_defect_left(tmp_path)
    correct(streak=RIGHT)

    read = source(tmp_path, masks=masks)
    _, kinds = first(read)
    other = find_layer_sets(read, 0)[1]

    assert kinds[20:40, 20:40].all()
    assert other.corrections == ()
    assert not true_kinds(other, read, read_layer(other, read)[0])[:, 80:].any()


def test_corrections_win_over_labels(tmp_path: Path, correct: Correct) -> None:
    label = tmp_path / "labels" / "a.json"
    label.parent.mkdir()
    label.write_text(json.dumps({"shapes": [{"label": "pit", "points": LEFT}], "imagePath": "b1/A0001a.PNG"}))
    correct(false_alarm=LEFT)

    files, kinds = first(source(tmp_path, masks=CLEAN, labels=str(label.parent)))

    assert files.labelled
    assert not kinds.any()


def test_where_nobody_labelled_the_rest_it_counts_nowhere(tmp_path: Path, correct: Correct) -> None:
    label = tmp_path / "labels" / "a.json"
    label.parent.mkdir()
    label.write_text(json.dumps({"shapes": [], "imagePath": "b1/A0002a.PNG"}))
    correct(false_alarm=LEFT, streak=RIGHT)

    read = source(tmp_path, masks=SKIP, labels=str(label.parent))
    _, kinds = first(read)

    assert len(find_layer_sets(read, 0)) == 2
    assert not kinds[20:40, 20:40].any()
    assert (kinds[20:40, 100:120] == FIRST_CORRECTED).all()
    assert (kinds[60:] == IGNORE).all()


def test_a_correction_changes_the_data_and_its_undoing_changes_it_back(tmp_path: Path, correct: Correct) -> None:
    before = data_hash(find_layer_sets(source(tmp_path, masks=CLEAN), 0))
    written = correct(streak=RIGHT)
    corrected = data_hash(find_layer_sets(source(tmp_path, masks=CLEAN), 0))
    written.unlink()

    assert corrected != before
    assert data_hash(find_layer_sets(source(tmp_path, masks=CLEAN), 0)) == before


def test_a_mask_is_no_correction(tmp_path: Path, correct: Correct) -> None:
    del correct
    cv2.imwrite(str(tmp_path / "corrections" / "A0001a.png"), np.zeros((128, 160), np.uint8))

    with pytest.raises(TrainingError, match="give masks as --labels"):
        find_layer_sets(source(tmp_path, masks=CLEAN), 0)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()

    with pytest.raises(TrainingError, match=r"--corrections .*corrections: neither a folder or file"):
        source(tmp_path, masks=CLEAN)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (-1, "1 layer sets carry corrections, 0 of them since 7 was made"),
        (1, "1 layer sets carry corrections, 1 of them since 7 was made"),
    ],
)
def test_a_run_says_what_was_corrected_since_the_model_in_service(
    tmp_path: Path, correct: Correct, hours: int, said: str, tiny_bundle: Path
) -> None:
    made = datetime.now(UTC)
    seconds = made.timestamp() + 3600 * hours
    os.utime(correct(streak=RIGHT), (seconds, seconds))

    prepared = prepared_of(tmp_path, load_manifest(tiny_bundle).model_copy(update={"version": "7", "created": made}))

    assert said in prepared.summary


def test_without_a_model_in_service_all_corrections_are_new(tmp_path: Path, correct: Correct) -> None:
    correct(streak=RIGHT)

    prepared = prepared_of(tmp_path, None)

    assert prepared.corrected_since == 1
    assert "1 layer sets carry corrections\n" in f"{prepared.summary}\n"


def prepared_of(tmp_path: Path, in_service: Manifest | None) -> Prepared:
    return prepare_all(
        [source(tmp_path, masks=CLEAN)],
        InputSpec(scale=1.0),
        tmp_path / "prepared",
        share=0.5,
        seed=0,
        track=lambda found: found,
        in_service=in_service,
    )
