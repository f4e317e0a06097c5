import json
import threading
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pytest

import simulator.__main__ as command
from layerwatch.layers import Stage
from layerwatch.profile import load_profile
from simulator.clock import Clock
from simulator.printer import Job, Tally
from simulator.record import TruthRecord
from simulator.shoot import Shot
from simulator.writer import CHUNKS, WriteMode, write_files

Simulate = Callable[..., Path]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_seed_writes_the_same_bytes_into_any_folder(simulate: Simulate) -> None:
    one, two = simulate(name="one"), simulate(name="two")

    assert contents(one) == contents(two)
    assert contents(one.with_name("one-truth")) == contents(two.with_name("two-truth"))


def test_processes_change_no_byte(simulate: Simulate) -> None:
    one = simulate(name="one", layers=1, size=128)

    two = simulate("--processes", "2", name="two", layers=1, size=128)

    assert contents(one) == contents(two)


def test_of_every_few_layers_the_first_is_printed_as_in_the_whole_build(simulate: Simulate) -> None:
    whole = contents(simulate(name="whole", layers=5, size=128))

    sparse = contents(simulate("--every", "2", name="sparse", layers=3, size=128))

    assert {name[1:5] for name in sparse} == {"0001", "0003", "0005"}
    assert sparse == {name: whole[name] for name in sparse}


def test_names_follow_the_profile_and_all_lights_of_both_stages_come(simulate: Simulate) -> None:
    profile = load_profile("nist-ammt")

    names = [profile.read_name(PurePosixPath(path.name)) for path in simulate().iterdir()]

    read = {(name.layer, name.stage, name.light) for name in names if name}
    assert read == {(layer, stage, light) for layer in (1, 2) for stage in Stage for light in "abc"}


@pytest.mark.parametrize(("name", "lies_at"), [("eos-height", "SI1_60.png"), ("peregrine", "visible/1/0000002.tif")])
def test_a_name_may_tell_a_height_and_lie_in_folders(
    simulate: Simulate, capsys: pytest.CaptureFixture[str], name: str, lies_at: str
) -> None:
    out = simulate("--profile", name, size=128)

    files = [path.relative_to(out) for path in out.rglob("*") if path.is_file()]
    read = [load_profile(name).read_name(PurePosixPath(file.as_posix())) for file in files]

    assert Path(lies_at) in files
    assert {(one.layer, one.stage) for one in read if one} == {
        (layer, stage) for layer in (1, 2) for stage in load_profile(name).written_stages
    }
    assert command.main(["run", "--out", str(out), "--layers", "1", "--period", "0", "--profile", name]) == 2
    assert "is there already" in capsys.readouterr().err


def test_three_lights_have_sixteen_bits_and_a_single_light_has_eight(simulate: Simulate) -> None:
    three = cv2.imread(str(simulate(name="three") / "A0001a.PNG"), cv2.IMREAD_UNCHANGED)

    single = cv2.imread(str(simulate("--profile", "single-light", name="single") / "layer_000001.png"), -1)

    assert three is not None
    assert single is not None
    assert three.dtype == np.uint16
    assert three.max() > 255
    assert single.dtype == np.uint8


def test_the_truth_lists_every_region_of_the_masks(simulate: Simulate) -> None:
    folder = simulate(layers=4, seed=6).with_name("out-truth")

    truth = json.loads((folder / "truth.json").read_text())

    assert list(truth["layer_sets"]) == [f"{layer:06d}_{stage}" for layer in range(1, 5) for stage in Stage]
    assert truth["mm_per_px"] == 0.05
    for entry in truth["layer_sets"].values():
        mask = cv2.imread(str(folder / entry["mask"]), cv2.IMREAD_UNCHANGED)
        kinds = cv2.imread(str(folder / entry["mask"].replace(".png", "-kinds.png")), cv2.IMREAD_UNCHANGED)
        assert mask is not None
        assert kinds is not None
        assert sum(region["area_px"] for region in entry["regions"]) == np.count_nonzero(mask)
        assert {truth["kinds"][str(index)] for index in np.unique(kinds) if index} == set(entry["kinds"])


def test_nothing_is_overwritten_unasked(simulate: Simulate, capsys: pytest.CaptureFixture[str]) -> None:
    out = simulate()

    refused = command.main(["run", "--out", str(out), "--layers", "1", "--period", "0"])

    assert refused == 2
    assert "--overwrite" in capsys.readouterr().err
    simulate("--overwrite")


def test_the_truth_may_not_lie_among_the_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = command.main(["run", "--out", str(tmp_path / "out"), "--truth", str(tmp_path / "out" / "truth")])

    assert status == 2
    assert "outside" in capsys.readouterr().err


def test_the_last_line_sums_up(simulate: Simulate, capsys: pytest.CaptureFixture[str]) -> None:
    simulate("--defect-rate", "0")

    assert capsys.readouterr().out.splitlines()[-1] == "4 layer sets, 12 files, 0 defective"


def test_stopping_leaves_a_whole_truth_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(_job: Job, record: TruthRecord, _tally: Tally) -> list[Shot]:
        record.add(Shot(layer=1, stage=Stage.MELT, pictures={}, masks={}, regions=(), faults=()))
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "print_layers", stopped)

    status = command.main(["run", "--out", str(tmp_path / "out"), "--layers", "0"])

    assert status == 130
    assert "000001_melt" in json.loads((tmp_path / "out-truth" / "truth.json").read_text())["layer_sets"]
    assert "0 layer sets" in capsys.readouterr().out


def test_a_slow_file_grows_in_chunks_under_its_own_name(tmp_path: Path) -> None:
    sizes: list[int] = []

    write_files(
        tmp_path,
        {"a.png": bytes(600)},
        WriteMode.SLOW,
        seconds=0.6,
        sleep=lambda _: sizes.append((tmp_path / "a.png").stat().st_size),
    )

    assert sizes == [100 * chunk for chunk in range(1, CHUNKS + 1)]


def test_a_renamed_file_is_never_seen_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.extend(path.name for path in tmp_path.iterdir())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)

    write_files(tmp_path, {"A0001a.PNG": b"whole"}, WriteMode.RENAME)

    assert seen == [".A0001a.PNG.part"]
    assert load_profile("nist-ammt").read_name(PurePosixPath(seen[0])) is None
    assert contents(tmp_path) == {"A0001a.PNG": b"whole"}


def test_a_layer_is_due_at_its_time_however_long_the_one_before_took() -> None:
    now, slept = [100.0], list[float]()
    clock = Clock(2.0, now=lambda: now[0], sleep=slept.append)

    clock.wait()
    now[0] = 101.5
    clock.wait()

    assert slept == [0.5]


def test_a_run_counts_its_layers_for_prometheus(simulate: Simulate) -> None:
    before = command_count("melt")

    simulate("--metrics-port", "0")

    assert command_count("melt") == before + 2
    assert not any(thread.name == "health" for thread in threading.enumerate())


def command_count(stage: str) -> float:
    from prometheus_client import REGISTRY  # noqa: PLC0415 - only here

    return REGISTRY.get_sample_value("layerwatch_simulated_layers_total", {"stage": stage}) or 0.0
