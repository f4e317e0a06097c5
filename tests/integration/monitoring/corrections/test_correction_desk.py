"""Corrections in the database and in the folder: together, or not at all."""

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from layerwatch.layers import CHECK_PRINTER
from layerwatch.verdict import Verdict
from monitoring.corrections.desk import MOST_OF_A_LAYER, CorrectionDesk, Reconciled, TooManyCorrectionsError
from monitoring.corrections.drawings import OURS, Drawing
from monitoring.corrections.folder import CorrectionFileError, CorrectionFolder
from monitoring.corrections.pictures import PicturesThere
from monitoring.history.notes import Notes
from tests.integration.monitoring.corrections.conftest import NOON, OUTLINE, InspectionMaker, a_correction, files_in

FILE = "hall-2/m290/job42/B0007a.PNG.json"
BOX = ((20.0, 20.0), (60.0, 40.0))

Know = Callable[..., None]


def shapes_in(folder: Path, file: str = FILE) -> list[dict[str, Any]]:
    content = json.loads((folder / file).read_bytes())
    shapes: list[dict[str, Any]] = content["shapes"]
    return shapes


def test_what_is_drawn_lies_beside_its_picture_with_who_and_when(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)

    desk.take_in(a_correction(verdict))
    desk.take_in(a_correction(verdict, kind="streak", points=BOX, author="grace", created=NOON + timedelta(hours=1)))

    assert files_in(folder) == [FILE]
    content = json.loads((folder / FILE).read_bytes())
    assert (content["imagePath"], content["imageWidth"], content["imageHeight"]) == ("B0007a.PNG", 160, 128)
    first, second = content["shapes"]
    assert (first["label"], first["shape_type"], first["description"]) == ("false-alarm", "polygon", "a shadow")
    assert (first["author"], first["created"]) == ("ada", NOON.isoformat())
    assert first["points"] == [list(point) for point in OUTLINE]
    assert (second["label"], second["shape_type"], second["author"]) == ("streak", "rectangle", "grace")
    assert (folder / FILE).stat().st_mtime == (NOON + timedelta(hours=1)).timestamp()


def test_what_is_taken_back_is_gone_from_the_file_and_the_last_one_takes_the_file_along(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)
    (first, _), (second, _) = (desk.take_in(a_correction(verdict, kind=kind)) for kind in ("ignore", "pit"))

    assert desk.take_back(first, by="grace", when=NOON)
    assert [shape["label"] for shape in shapes_in(folder)] == ["pit"]
    assert not desk.take_back(first, by="eve", when=NOON + timedelta(hours=1))
    assert desk.take_back(second, by="grace", when=NOON)

    assert files_in(folder) == []
    assert Notes(engine).corrections("m290", "job42") == ()
    known = Notes(engine).correction(first.number)
    assert known is not None
    assert (known.author, known.undone, known.undone_by) == ("ada", NOON, "grace")


def test_the_same_said_twice_is_one_correction_also_at_the_same_moment(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)

    with ThreadPoolExecutor(4) as clicks:
        done = list(clicks.map(lambda _: desk.take_in(a_correction(verdict)), range(8)))

    assert sorted(is_new for _, is_new in done) == [False] * 7 + [True]
    assert len({kept.number for kept, _ in done}) == 1
    assert len(shapes_in(folder)) == len(Notes(engine).corrections("m290", "job42")) == 1


def test_several_that_draw_over_one_layer_at_once_all_get_into_the_file(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)

    with ThreadPoolExecutor(4) as people:
        list(people.map(lambda number: desk.take_in(a_correction(verdict, note=str(number))), range(12)))

    assert sorted(int(shape["description"]) for shape in shapes_in(folder)) == list(range(12))


def test_a_file_that_cannot_be_written_refuses_the_correction(
    engine: Engine, tmp_path: Path, sources: Path, inspected: InspectionMaker, know: Know
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    verdict = inspected(layer=7)
    know(verdict)

    desk = CorrectionDesk(engine, CorrectionFolder(tmp_path / "taken"), PicturesThere(sources))

    with pytest.raises(CorrectionFileError, match="is CORRECTIONS_DIR right"):
        desk.take_in(a_correction(verdict))

    assert Notes(engine).corrections("m290", "job42") == ()


def test_an_undoing_that_cannot_be_written_leaves_the_correction(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)
    kept, _ = desk.take_in(a_correction(verdict))
    desk.take_in(a_correction(verdict, kind="ignore"))
    (folder / FILE).unlink()
    (folder / FILE).mkdir()

    with pytest.raises(CorrectionFileError):
        desk.take_back(kept, by="ada", when=NOON)

    assert len(Notes(engine).corrections("m290", "job42")) == 2


def test_the_file_of_another_program_is_not_written_over(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)
    (folder / FILE).parent.mkdir(parents=True)
    (folder / FILE).write_text('{"shapes": []}')

    with pytest.raises(CorrectionFileError, match="another program's file"):
        desk.take_in(a_correction(verdict))

    assert (folder / FILE).read_text() == '{"shapes": []}'
    assert Notes(engine).corrections("m290", "job42") == ()


@pytest.mark.parametrize("path", ["../outside/A1.PNG", "/etc/A1.PNG", "a\0b.PNG", f"{'x' * 300}.PNG"])
def test_the_path_of_a_picture_never_leads_out_of_the_folder(
    desk: CorrectionDesk, tmp_path: Path, inspected: InspectionMaker, know: Know, path: str
) -> None:
    verdict = inspected(layer=7)
    images = tuple(image.model_copy(update={"path": path}) for image in verdict.images)
    if "\0" not in path:  # which the history takes from nobody
        know(verdict := verdict.model_copy(update={"images": images}))
        with pytest.raises(CorrectionFileError):
            desk.take_in(a_correction(verdict))

    with pytest.raises(CorrectionFileError):
        CorrectionFolder(tmp_path / "corrections").differs(
            f"{path}.json", Drawing(content=OURS, said=NOON), layer=verdict.key
        )
    assert not (tmp_path / "outside").exists()


def test_a_link_out_of_the_folder_is_not_followed(
    desk: CorrectionDesk, folder: Path, tmp_path: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    (folder / "hall-2").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CorrectionFileError):
        desk.take_in(a_correction(verdict))

    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_was_drawn_over_pictures_that_were_replaced_leaves_the_folder_and_comes_back_with_them(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    first, second = inspected(layer=7), inspected(layer=7, revision=2, content="printed anew")
    know(first)
    desk.take_in(a_correction(first))
    know(second)

    assert desk.reconcile() == Reconciled(layers=1, changed=1)
    assert files_in(folder) == []
    desk.take_in(a_correction(second, kind="pit"))
    desk.take_in(a_correction(first, kind="late"))
    assert [shape["label"] for shape in shapes_in(folder)] == ["pit"]
    know(inspected(layer=7, revision=3))  # the first pictures again

    assert desk.reconcile().changed == 1
    assert [shape["label"] for shape in shapes_in(folder)] == ["false-alarm", "late"]
    assert len(Notes(engine).corrections("m290", "job42")) == 3, "all stay known"


def write_picture(sources: Path, verdict: Verdict, content: str) -> None:
    """Write the first light as `inspected` has it, the same content for the same text."""
    file = sources / verdict.images[0].path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(f"{content}a".encode())


def test_only_pictures_that_still_lie_in_the_printers_folder_are_learned(
    desk: CorrectionDesk, folder: Path, sources: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7, content="as printed")
    know(verdict)
    write_picture(sources, verdict, "as printed")
    desk.take_in(a_correction(verdict))
    assert files_in(folder) == [FILE]

    (sources / "another.png").write_text("so that the folder is not away")
    (sources / verdict.images[0].path).unlink()
    assert desk.reconcile().changed == 1
    assert files_in(folder) == []
    write_picture(sources, verdict, "as printed")
    assert desk.reconcile().changed == 1

    assert files_in(folder) == [FILE]


def test_a_name_that_the_next_build_uses_again_takes_only_what_was_drawn_over_its_own_picture(
    desk: CorrectionDesk, folder: Path, sources: Path, inspected: InspectionMaker, know: Know
) -> None:
    first, second = (inspected(layer=7, build=build, content=build) for build in ("job42", "job43"))
    second = second.model_copy(update={"images": tuple(
        image.model_copy(update={"path": same.path}) for image, same in zip(second.images, first.images, strict=True)
    )})  # fmt: skip
    know(first, second)
    write_picture(sources, first, "job42")
    desk.take_in(a_correction(first))
    write_picture(sources, second, "job43")

    desk.take_in(a_correction(second, kind="pit"))
    assert [shape["label"] for shape in shapes_in(folder)] == ["pit"]
    assert desk.reconcile() == Reconciled(layers=2), "the file is the second one's now"
    desk.take_in(a_correction(first, kind="ignore"))

    assert [shape["label"] for shape in shapes_in(folder)] == ["pit"]


def test_pictures_that_a_person_uploaded_are_corrected_but_lie_nowhere(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=1, printer=CHECK_PRINTER, build="20260504-120000-0123ab")
    know(verdict)

    kept, _ = desk.take_in(a_correction(verdict))

    assert desk.drawn_over(verdict) == ((kept,), None)
    assert files_in(folder) == []
    assert len(Notes(engine).corrections(CHECK_PRINTER, verdict.build)) == 1


def test_pictures_that_moved_take_their_file_along(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    first, second = inspected(layer=7), inspected(layer=7, revision=2)
    moved = tuple(each.model_copy(update={"path": each.path.replace("job42", "job-42")}) for each in second.images)
    know(first)
    desk.take_in(a_correction(first))
    know(second.model_copy(update={"images": moved}))

    desk.reconcile()

    assert files_in(folder) == [FILE.replace("job42", "job-42")]


def test_a_folder_that_was_lost_is_written_again_to_the_letter(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdicts = [inspected(layer=layer) for layer in (7, 8, 9)]
    know(*verdicts)
    for verdict in verdicts:
        desk.take_in(a_correction(verdict))
    before = {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime) for name in files_in(folder)}
    shutil.rmtree(folder)

    done = desk.reconcile()

    assert done == Reconciled(layers=3, changed=3)
    assert {n: ((folder / n).read_bytes(), (folder / n).stat().st_mtime) for n in files_in(folder)} == before
    assert desk.reconcile() == Reconciled(layers=3)


def test_one_file_that_cannot_be_written_keeps_no_other_back_and_what_others_put_there_stays(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdicts = [inspected(layer=layer) for layer in (7, 8)]
    know(*verdicts)
    kept = [desk.take_in(a_correction(verdict))[0] for verdict in verdicts]
    desk.take_back(kept[1], by="ada", when=NOON)
    (folder / FILE).write_text("drawn by hand")
    (folder / FILE.replace("7", "8")).write_text("drawn by hand, too")

    assert desk.reconcile() == Reconciled(layers=2, failed=1)

    assert (folder / FILE).read_text() == "drawn by hand"
    assert (folder / FILE.replace("7", "8")).read_text() == "drawn by hand, too"


def test_only_one_build_is_written_where_it_is_asked_for(
    desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdicts = [inspected(layer=7, build=build) for build in ("job42", "job43")]
    know(*verdicts)
    for verdict in verdicts:
        desk.take_in(a_correction(verdict))
    shutil.rmtree(folder)

    assert desk.reconcile(printer="m290", build="job43") == Reconciled(layers=1, changed=1)
    assert files_in(folder) == [FILE.replace("job42", "job43")]
    assert desk.reconcile(stopped=lambda: True) == Reconciled()


def test_a_layer_takes_only_so_many(
    monkeypatch: pytest.MonkeyPatch, desk: CorrectionDesk, inspected: InspectionMaker, know: Know
) -> None:
    assert MOST_OF_A_LAYER == 500
    monkeypatch.setattr("monitoring.corrections.desk.MOST_OF_A_LAYER", 2)
    verdict = inspected(layer=7)
    know(verdict)
    for note in ("one", "two"):
        desk.take_in(a_correction(verdict, note=note))

    with pytest.raises(TooManyCorrectionsError, match="has 2 corrections"):
        desk.take_in(a_correction(verdict, note="three"))


def test_what_people_wrote_by_sql_that_is_no_outline_stays_out_of_the_file(
    engine: Engine, desk: CorrectionDesk, folder: Path, inspected: InspectionMaker, know: Know
) -> None:
    verdict = inspected(layer=7)
    know(verdict)
    Notes(engine).correct(a_correction(verdict, points=((1.0, 1.0),)))
    Notes(engine).correct(a_correction(verdict, kind="streak"))

    desk.reconcile()

    assert [shape["label"] for shape in shapes_in(folder)] == ["streak"]
