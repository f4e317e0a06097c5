"""Reading layer sets, one of them ahead."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from layerwatch.job import InspectLayer
from layerwatch.layers import LayerSet
from layerwatch.pictures import SourceFolder, fetch_file
from worker import reader as reader_module
from worker.reader import Reader

WritePictures = Callable[..., LayerSet]
MakeMessage = Callable[..., InspectLayer]


@pytest.fixture
def new_message(sources: Path, write_pictures: WritePictures, some_message: MakeMessage) -> MakeMessage:
    return lambda **about: some_message(of=write_pictures(sources, **about))


@pytest.fixture
def located() -> list[str]:
    """The paths that were looked for, in order."""
    return []


@pytest.fixture
def reader(sources: Path, located: list[str]) -> Reader:
    folder = SourceFolder(sources)

    def locate(relative: str) -> Path:
        located.append(relative)
        return folder.locate(relative)

    return Reader(fetch=partial(fetch_file, locate=locate), max_pixels=1_000_000, threads=2)


def remove_pictures(message: InspectLayer, sources: Path) -> None:
    for capture in message.captures:
        (sources / capture.path).unlink()


def test_lights_come_in_the_order_of_the_message(reader: Reader, new_message: MakeMessage) -> None:
    message = new_message(lights="abc")

    readings = reader.read(message)

    assert [reading.capture for reading in readings] == list(message.captures)
    first, second, third = (reading.picture.pixels for reading in readings if reading.picture is not None)
    assert not np.array_equal(first, second)
    assert not np.array_equal(second, third)


def test_the_next_set_is_read_while_nobody_asks_for_it(
    reader: Reader, new_message: MakeMessage, located: list[str]
) -> None:
    message, following = new_message(layer=1), new_message(layer=2)
    reader.next_message = iter([following, None]).__next__
    reader.read(message)

    readings = reader.read(following)

    assert [reading.capture for reading in readings] == list(following.captures)
    assert sorted(located) == sorted(capture.path for one in (message, following) for capture in one.captures)


def test_what_was_read_ahead_is_not_taken_for_another_set(reader: Reader, new_message: MakeMessage) -> None:
    message, following, other = (new_message(layer=layer) for layer in (1, 2, 3))
    reader.next_message = iter([following, None]).__next__
    reader.read(message)

    readings = reader.read(other)

    assert [reading.capture for reading in readings] == list(other.captures)


def test_a_fault_while_reading_ahead_is_looked_at_again_when_the_turn_comes(
    reader: Reader, new_message: MakeMessage, sources: Path, write_pictures: WritePictures
) -> None:
    message, following = new_message(layer=1), new_message(layer=2)
    remove_pictures(following, sources)
    reader.next_message = iter([following, None]).__next__
    reader.read(message)
    assert reader._ahead is not None
    assert reader._ahead[1].result()[0].picture is None

    write_pictures(sources, layer=2)
    readings = reader.read(following)

    assert all(reading.picture is not None for reading in readings)


def test_a_share_that_was_away_while_reading_ahead_is_asked_again(
    reader: Reader, new_message: MakeMessage, sources: Path, write_pictures: WritePictures
) -> None:
    message, following = new_message(layer=1), new_message(layer=2)
    reader.next_message = iter([following, None]).__next__
    for one in (message, following):
        remove_pictures(one, sources)
    (sources / "job42").rmdir()
    with pytest.raises(OSError, match="empty or away"):
        reader.read(message)
    write_pictures(sources, layer=1)
    write_pictures(sources, layer=2)

    reader.read(message)
    readings = reader.read(following)

    assert all(reading.picture is not None for reading in readings)


def test_pictures_too_large_to_wait_in_memory_are_read_in_their_turn(
    reader: Reader, new_message: MakeMessage, located: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "MOST_PIXELS_AHEAD", 160 * 200 - 1)
    message, following = new_message(layer=1), new_message(layer=2)
    reader.next_message = iter([following, None]).__next__
    reader.read(message)

    readings = reader.read(following)

    assert all(reading.picture is not None for reading in readings)
    assert located.count(following.captures[0].path) == 2
