from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from layerwatch.errors import TrainingError
from layerwatch.profile import load_profile
from trainer.sources import CLEAN, THRESHOLD, Source, find_layer_sets, parse_sources

NO_DEFECT = np.zeros((128, 160), np.uint8)


def test_a_layer_set_is_paired_with_its_mask(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(7, NO_DEFECT)
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])

    (files,) = find_layer_sets(source, 0)

    assert files.mask == tmp_path / "masks" / "b1" / "000007_recoat.png"
    assert [path.name for path in files.pictures] == ["A0007a.PNG", "A0007b.PNG", "A0007c.PNG"]
    assert files.name == "b1/000007_recoat"


def test_a_mask_may_be_named_as_its_picture(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    (tmp_path / "images" / "Image3.jpg").write_bytes(b"")
    (tmp_path / "masks" / "Image3.png").write_bytes(b"")
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["single-light"], (), ["2,3"])

    (files,) = find_layer_sets(source, 0)

    assert files.mask == tmp_path / "masks" / "Image3.png"
    assert source.defect_classes == {2, 3}


def test_a_layer_set_without_a_mask_is_an_error_that_names_it(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, NO_DEFECT)
    write_layer(2)
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])

    with pytest.raises(TrainingError, match=r"A0002a.PNG has no mask: neither 000002_recoat.png nor A0002a.png"):
        find_layer_sets(source, 0)


def test_a_layer_set_that_lacks_a_light_is_left_out(tmp_path: Path, write_layer: Callable[..., None]) -> None:
    write_layer(1, NO_DEFECT)
    write_layer(2, NO_DEFECT, lights="ab")
    (source,) = parse_sources([tmp_path / "images"], [str(tmp_path / "masks")], ["nist-ammt"])

    assert [files.layer for files in find_layer_sets(source, 0)] == [1]


def test_without_masks_they_are_made_by_thresholding_and_known_to_be(tmp_path: Path) -> None:
    (source,) = parse_sources([tmp_path], [], ["nist-ammt"])

    assert source.masks == THRESHOLD
    assert source.regenerated


def test_one_profile_stands_for_all_sources(tmp_path: Path) -> None:
    sources = parse_sources([tmp_path, tmp_path], [CLEAN, CLEAN], ["single-light"], [3.0, 1.0])

    assert [source.profile.name for source in sources] == ["single-light", "single-light"]
    assert [source.weight for source in sources] == [3.0, 1.0]
    assert not any(source.regenerated for source in sources)


@pytest.mark.parametrize(
    ("masks", "profiles", "weights", "classes", "message"),
    [
        (["nowhere"], ["nist-ammt"], [], [], "neither a folder"),
        ([CLEAN, CLEAN], ["nist-ammt"], [], [], "--masks is given 2 times for 1"),
        ([CLEAN], ["nist-ammt"], [0.0], [], "above 0"),
        ([CLEAN], ["nist-ammt"], [], ["2;3"], "expected numbers"),
    ],
)
def test_lists_that_do_not_fit_are_refused(  # noqa: PLR0917 - one argument a column
    tmp_path: Path, masks: list[str], profiles: list[str], weights: list[float], classes: list[str], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        parse_sources([tmp_path], masks, profiles, weights, classes)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_of_changed_crops_that_is_none_is_refused(tmp_path: Path, share: float) -> None:
    with pytest.raises(TrainingError, match=f"--paste {share}: expected a share"):
        parse_sources([tmp_path], [CLEAN], ["nist-ammt"], pastes=[share])
    with pytest.raises(TrainingError, match=f"--hairlines {share}: expected a share"):
        parse_sources([tmp_path], [CLEAN], ["nist-ammt"], hairlines=[share])


def test_a_folder_without_any_picture_is_an_error(tmp_path: Path) -> None:
    (source,) = parse_sources([tmp_path], [CLEAN], ["nist-ammt"])

    with pytest.raises(TrainingError, match="no picture in"):
        find_layer_sets(source, 0)


def test_masks_that_were_made_from_the_pictures_are_never_taken_for_truth(tmp_path: Path) -> None:
    source = Source(images=tmp_path, masks=tmp_path, profile=load_profile("nist-ammt"))
    drawn = source.regenerated

    (tmp_path / "masks.json").write_text("{}", encoding="utf-8")

    assert not drawn
    assert source.regenerated
