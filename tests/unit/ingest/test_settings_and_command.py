from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.settings import IngestSettings, printer_of, refuse_own_output
from layerwatch.errors import ProfileError, SettingsError
from layerwatch.settings import load_settings


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SOURCES_DIR", "INGEST_PROFILE", "INGEST_PRINTER", "INGEST_BUILD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ARTIFACTS_DIR", str(tmp_path / "artifacts"))


def test_overrides_win_over_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_SETTLE_SECONDS", "2.5")
    monkeypatch.setenv("INGEST_WATCH", "polling")

    printer = printer_of(load_settings(IngestSettings, sources_dir=tmp_path, mm_per_px=0.05))

    assert (printer.profile.settle_seconds, printer.profile.watch, printer.profile.mm_per_px) == (2.5, "polling", 0.05)
    assert printer.profile.grace_seconds == 10.0


def test_a_folder_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="create or mount it"):
        printer_of(load_settings(IngestSettings, sources_dir=tmp_path / "nowhere"))


def test_no_printer_takes_the_name_of_uploaded_layers(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="choose another"):
        printer_of(load_settings(IngestSettings, sources_dir=tmp_path, printer="check"))


@pytest.mark.parametrize("below", [".", "out", "out/deeper"])
def test_ingest_does_not_watch_its_own_output(tmp_path: Path, below: str) -> None:
    settings = load_settings(IngestSettings, sources_dir=tmp_path, artifacts_dir=tmp_path / below)

    with pytest.raises(SettingsError, match="own overlays"):
        refuse_own_output([printer_of(settings)], settings.artifacts_dir)


@pytest.mark.parametrize(
    ("name", "value"), [("printer", "a_b"), ("build", "a/b"), ("settle_seconds", 0), ("watch", "x")]
)
def test_an_unusable_setting_names_its_variable(tmp_path: Path, name: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"INGEST_{name.upper()}"):
        load_settings(IngestSettings, sources_dir=tmp_path, **{name: value})


def test_an_unknown_profile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="nist-ammt"):
        printer_of(load_settings(IngestSettings, sources_dir=tmp_path, profile="nist"))


def test_check_shows_how_files_are_understood(
    tmp_path: Path, png: Callable[[int], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "job7"
    folder.mkdir()
    for name in ("A0001a.PNG", "A0001b.PNG", "A0001a.tif", "notes[1].txt"):
        (folder / name).write_bytes(png(1))

    status = main(["check", "--profile", "nist-ammt", str(folder)])

    shown = capsys.readouterr().out
    assert status == 0
    assert "recoat" in shown
    assert "left alone (unmatched): notes[1].txt" in shown
    assert "layer printer_job7_000001_recoat lacks light c" in shown
    assert "layer printer_job7_000001_recoat has more than one file for light a" in shown
    assert "3 files make 1 layer sets under nist-ammt; 1 are left alone" in shown


def test_check_ends_with_1_when_nothing_matches(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "picture.png").write_bytes(b"")

    assert main(["check", "--profile", "nist-ammt", str(tmp_path)]) == 1
    assert "Try another --profile" in capsys.readouterr().out


def test_check_proposes_a_profile_that_check_then_understands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, profile = tmp_path / "pictures", tmp_path / "mine.toml"
    folder.mkdir()
    for layer in range(1, 5):
        for light in "xyz":
            (folder / f"job9-{layer:04d}{light}.png").write_bytes(b"")

    assert main(["check", str(folder)]) == 1
    assert "This profile would read 12 of 12 files" in capsys.readouterr().out
    assert main(["check", str(folder), "--write", str(profile)]) == 1
    assert main(["check", str(folder), "--profile", str(profile)]) == 0
    assert "12 files make 4 layer sets" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "complaint"), [("there.toml", "there already"), ("mine.txt", "ends in .toml"), ("no/my.toml", "No such")]
)
def test_a_profile_is_written_to_a_new_toml_file_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, complaint: str
) -> None:
    (tmp_path / "there.toml").write_text("kept")
    (tmp_path / "A1.png").write_bytes(b"")

    assert main(["check", str(tmp_path), "--write", str(tmp_path / name)]) == 2
    assert complaint in capsys.readouterr().err
    assert (tmp_path / "there.toml").read_text() == "kept"


def test_where_no_name_has_a_number_there_is_nothing_to_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "front.png").write_bytes(b"")

    assert main(["check", str(tmp_path), "--write", str(tmp_path / "my.toml")]) == 2
    assert "number in its name" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["run"], ["check"], ["run", "--nonsense"]])
def test_misuse_ends_with_2_and_one_line(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES_DIR", str(tmp_path / "nowhere"))

    assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [["status"], ["quarantine", "list"], ["quarantine", "retry", "--all"]])
def test_where_redis_is_away_one_line_says_what_to_do(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")

    assert main(words) == 2
    assert capsys.readouterr().err == "error: Redis does not answer: start it, or set REDIS_URL to where it is\n"
