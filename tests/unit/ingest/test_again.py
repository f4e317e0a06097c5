"""A person asks for another inspection."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.again import Answer, Desk
from ingest.feed import Sink
from ingest.intake import Clocks
from ingest.metrics import Outcome
from ingest.sending import ByValue
from ingest.service import Ingest
from ingest.settings import IngestSettings, Printer, printer_of
from layerwatch.artifacts import ArtifactFolder
from layerwatch.job import InspectLayer
from layerwatch.layers import Capture, LayerKey, LayerSet, Stage
from layerwatch.memory import InMemoryPictures, InMemoryQueue, InMemoryResults, InMemorySources
from layerwatch.pictures import SourceFolder
from layerwatch.ports import GivenUp
from layerwatch.settings import load_settings
from layerwatch.verdict import ImageFacts, Verdict

MakeMessage = Callable[..., InspectLayer]


@dataclass
class Office:
    queue: InMemoryQueue = field(default_factory=InMemoryQueue)
    results: InMemoryResults = field(default_factory=InMemoryResults)
    pictures: InMemoryPictures = field(default_factory=InMemoryPictures)
    sources: Path = Path("nowhere")
    by_value: bool = False

    @property
    def desk(self) -> Desk:
        sender = ByValue(store=self.pictures, locate=SourceFolder(self.sources).locate, largest_bytes=1 << 20)
        return Desk(queue=self.queue, quarantine=self.queue, ledger=self.results, sender=sender, by_value=self.by_value)

    def give_up(self, message: InspectLayer | None, *, name: str = "") -> GivenUp:
        name = message.id if message else name
        one = GivenUp(id=name, message=message, reason="OSError: gone", at=datetime.now(UTC))
        self.queue.failed[name] = one
        return one


@pytest.fixture
def office() -> Office:
    return Office()


def test_what_never_got_a_verdict_is_queued_as_the_same_inspection(office: Office, some_message: MakeMessage) -> None:
    message = some_message()

    asked = office.desk.ask(message)

    assert (asked.answer, asked.revision) == (Answer.QUEUED, 1)
    assert office.queue.messages[0].id == message.id


def test_what_has_its_verdict_is_a_new_inspection_each_time(
    office: Office, some_message: MakeMessage, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    message = some_message()
    assert office.results.revision(message.layer_set.key, message.id) == 1
    office.results.publish(verdict_about(message))
    ids = {message.id}

    for revision in (2, 3):
        asked = office.desk.ask(message)
        wanted = office.queue.messages.pop()
        assert (asked.answer, asked.revision, wanted.revision, wanted.again) == (
            Answer.QUEUED,
            revision,
            revision,
            revision - 1,
        )
        assert InspectLayer.from_wire(wanted.to_wire()) == wanted
        office.results.publish(verdict_about(wanted))
        ids.add(wanted.id)

    assert len(ids) == 3


def test_what_waits_is_not_queued_twice_and_goes_ahead_of_others(
    office: Office, some_message: MakeMessage, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    message = some_message(layer=2)
    office.results.publish(verdict_about(message))
    office.queue.enqueue(some_message(layer=1))

    answers = [office.desk.ask(message).answer for _ in range(2)]

    assert answers == [Answer.QUEUED, Answer.WAITS]
    assert [waiting.layer for waiting in office.queue.messages] == [2, 1]


def test_what_was_given_up_on_leaves_the_quarantine(
    office: Office, some_message: MakeMessage, verdict_about: Callable[[InspectLayer], Verdict]
) -> None:
    published, unpublished = some_message(layer=1), some_message(layer=2)
    office.results.publish(verdict_about(published))
    given_up = [office.give_up(message) for message in (published, unpublished)]

    asked = office.desk.retry(given_up)

    assert [one.answer for one in asked] == [Answer.QUEUED] * 2
    assert office.queue.failed == {}
    assert {(waiting.layer, waiting.again) for waiting in office.queue.messages} == {(1, 1), (2, 0)}


def test_a_message_that_cannot_be_read_stays_in_the_quarantine(office: Office) -> None:
    broken = office.give_up(None, name="m290_job42_000007_melt-0123456789ab")

    (asked,) = office.desk.retry([broken])

    assert (asked.layer, asked.answer) == ("m290_job42_000007_melt", Answer.UNREADABLE)
    assert list(office.queue.failed) == [broken.id]


@pytest.fixture
def printer(tmp_path: Path, png: Callable[[int], bytes]) -> Printer:
    """One with two layers in its folder, of the second of which a light is missing."""
    root = tmp_path / "incoming"
    root.mkdir()
    for number, name in enumerate(("B0001a", "B0001b", "B0001c", "B0002a", "B0002c")):
        (root / f"{name}.PNG").write_bytes(png(number))
    return printer_of(load_settings(IngestSettings, sources_dir=root, printer="m290", build="job42"))


def key(layer: int, *, printer: str = "m290") -> LayerKey:
    return LayerKey(printer=printer, build="job42", layer=layer, stage=Stage.MELT)


def test_layers_are_queued_as_they_lie_in_the_folder(office: Office, printer: Printer) -> None:
    asked = office.desk.requeue([key(1), key(2), key(3), key(1, printer="other")], [printer])

    assert [one.answer for one in asked] == [Answer.QUEUED, Answer.QUEUED, Answer.UNKNOWN, Answer.UNKNOWN]
    problems = {message.layer: message.problems for message in office.queue.messages}
    assert problems == {1: (), 2: ("missing light b",)}


def test_ingest_and_a_person_mean_the_same_inspection(office: Office, printer: Printer, tmp_path: Path) -> None:
    sink = Sink(
        queue=office.queue,
        ledger=office.results,
        sources=InMemorySources(),
        artifacts=ArtifactFolder(tmp_path / "artifacts"),
    )
    clocks = Clocks(steady=lambda: 1000.0, wall=lambda: 4e9, cpu=lambda: 0.0)
    Ingest(printer, sink, clocks=clocks).tick()

    assert [one.answer for one in office.desk.requeue([key(1), key(2)], [printer])] == [Answer.WAITS] * 2


def test_after_redis_was_wiped_the_verdict_that_was_asked_for_again_still_stands(
    office: Office, verdict_about: Callable[[InspectLayer], Verdict], printer: Printer, tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    office.desk.requeue([key(1)], [printer])
    message = office.queue.messages.pop().asked_again(1)
    images = tuple(ImageFacts(light=one.light, path=one.path, sha256=one.sha256) for one in message.captures)
    verdict = verdict_about(message).model_copy(update={"images": images, "revision": 2})
    folder = artifacts / verdict.key.folder
    folder.mkdir(parents=True)
    (folder / "verdict.json").write_text(verdict.to_json(), encoding="utf-8")
    (printer.root / "B0002a.PNG").unlink()
    (printer.root / "B0002c.PNG").unlink()

    sink = Sink(
        queue=office.queue, ledger=office.results, sources=InMemorySources(), artifacts=ArtifactFolder(artifacts)
    )
    ingest = Ingest(printer, sink, clocks=Clocks(steady=lambda: 1000.0, wall=lambda: 4e9, cpu=lambda: 0.0))
    ingest.tick()

    assert office.queue.messages == []
    assert ingest.feed.outcomes == {Outcome.RESTORED: 1}
    assert office.results.is_published(verdict.id)
    assert office.results.revision(verdict.key, "another") == 3


def test_after_redis_was_wiped_no_id_of_an_earlier_revision_is_given_out_again(
    office: Office, verdict_about: Callable[[InspectLayer], Verdict], printer: Printer, tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    office.desk.requeue([key(1)], [printer])
    message = office.queue.messages.pop()
    first = verdict_about(message)
    second = verdict_about(message.asked_again(1)).model_copy(update={"revision": 2})
    folder = artifacts / first.key.folder
    folder.mkdir(parents=True)
    for name, verdict in (("verdict-1.json", first), ("verdict.json", second)):
        (folder / name).write_text(verdict.to_json(), encoding="utf-8")
    sink = Sink(
        queue=office.queue, ledger=office.results, sources=InMemorySources(), artifacts=ArtifactFolder(artifacts)
    )

    Ingest(printer, sink, clocks=Clocks(steady=lambda: 1000.0, wall=lambda: 4e9, cpu=lambda: 0.0)).tick()

    assert office.results.is_published(first.id)
    assert office.results.is_published(second.id)
    assert office.results.revision(first.key, "another") == 3


def test_pictures_that_were_sent_are_sent_again(office: Office, some_message: MakeMessage, sources: Path) -> None:
    office.sources = sources
    message = some_message(of=written(sources))
    sent = message.model_copy(
        update={"captures": tuple(each.model_copy(update={"sent": "bytes"}) for each in message.captures)}
    )

    (asked,) = office.desk.retry([office.give_up(sent)])

    assert asked.answer is Answer.QUEUED
    assert [office.pictures.get(capture.sha256) for capture in message.captures] == [b"a", b"b", b"c"]


def test_pictures_are_sent_where_ingest_sends_them(office: Office, some_message: MakeMessage, sources: Path) -> None:
    office.sources = sources
    message = some_message(of=written(sources))
    assert office.desk.ask(message).answer is Answer.QUEUED
    assert {capture.sent for capture in office.queue.messages.pop().captures} == {"path"}

    office.by_value = True

    assert office.desk.ask(message).answer is Answer.QUEUED
    assert {capture.sent for capture in office.queue.messages[0].captures} == {"bytes"}


@pytest.mark.parametrize("is_mounted", [True, False])
def test_what_cannot_be_sent_is_not_queued_and_stays_where_it_is(
    office: Office, some_message: MakeMessage, sources: Path, *, is_mounted: bool
) -> None:
    office.sources, office.by_value = sources, True
    message = some_message(of=written(sources))
    (sources / "A.png").unlink()
    if not is_mounted:
        office.sources = sources / "nowhere"

    (asked,) = office.desk.retry([office.give_up(message)])

    assert asked.answer is Answer.UNSENT
    assert office.queue.messages == []
    assert office.queue.count_given_up() == 1


def written(sources: Path) -> LayerSet:
    """A layer set whose three pictures lie there."""
    captures = []
    for light in "abc":
        (sources / f"{light.upper()}.png").write_text(light)
        digest = hashlib.sha256(light.encode()).hexdigest()
        captures.append(
            Capture(light=light, path=f"{light.upper()}.png", sha256=digest, modified=datetime(2026, 5, 4, tzinfo=UTC))
        )
    key = LayerKey(printer="m290", build="job42", layer=1, stage=Stage.MELT)
    return LayerSet(key=key, captures=tuple(captures), expected_lights=("a", "b", "c"))
