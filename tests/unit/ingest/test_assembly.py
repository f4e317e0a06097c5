import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.assembly import KEPT_GONE, Assembly, Emission, Frame
from layerwatch.layers import LayerKey, Stage

LIGHTS = ("a", "b", "c")


def a_key(layer: int = 12, stage: Stage = Stage.MELT, build: str = "job42") -> LayerKey:
    return LayerKey(printer="m290", build=build, layer=layer, stage=stage)


def a_frame(name: str, *, content: str = "", mtime: int = 1, whole: bool = True, trouble: str = "") -> Frame:
    digest = hashlib.sha256((content or name).encode()).digest()
    return Frame(f"{name}.png", digest, mtime * 10**9, whole, trouble)


def put(assembly: Assembly, light: str, *, layer: int = 12, content: str = "", settled: float = 0.0) -> None:
    frame = a_frame(f"{layer}{light}", content=content)
    assembly.add(a_key(layer), light, frame, settled=settled, live=True)


@pytest.fixture
def assembly() -> Assembly:
    return Assembly(expected_lights=LIGHTS, set_timeout_seconds=30.0, revision_seconds=1.0)


def lights_of(emissions: list[Emission]) -> list[str]:
    return ["".join(capture.light for capture in emission.layer_set.captures) for emission in emissions]


def test_a_complete_set_is_ready_at_once_and_once(assembly: Assembly) -> None:
    for light in "cab":
        assert assembly.take_ready(0.0) == []
        put(assembly, light)

    assert lights_of(assembly.take_ready(0.0)) == ["abc"]
    assert assembly.take_ready(1000.0) == []
    assert assembly.waiting() == 0


def test_an_incomplete_set_is_ready_after_the_timeout_and_says_what_is_missing(assembly: Assembly) -> None:
    put(assembly, "a", settled=0.0)
    put(assembly, "c", settled=20.0)

    assert assembly.take_ready(49.9) == []
    assert assembly.next_timeout() == 50.0
    (emission,) = assembly.take_ready(50.0)

    assert emission.problems == ("missing light b",)
    assert assembly.take_ready(1000.0) == []


def test_no_set_is_given_up_while_finished_files_are_not_entered_yet(assembly: Assembly) -> None:
    put(assembly, "a")

    assert assembly.take_ready(1000.0, timeouts=False) == []
    assert len(assembly.take_ready(1000.0)) == 1


def test_a_late_light_makes_a_new_revision_at_once(assembly: Assembly) -> None:
    put(assembly, "a")
    put(assembly, "b")
    (before,) = assembly.take_ready(30.0)

    put(assembly, "c", settled=40.0)
    (after,) = assembly.take_ready(40.0)

    assert after.problems == ()
    assert after.layer_set.inspection_id != before.layer_set.inspection_id


def test_rewritten_pictures_make_one_new_revision_when_they_are_quiet(assembly: Assembly) -> None:
    for light in LIGHTS:
        put(assembly, light)
    assembly.take_ready(0.0)

    put(assembly, "a", content="better", settled=10.0)
    put(assembly, "b", content="better too", settled=10.5)

    assert assembly.take_ready(11.4) == []
    assert len(assembly.take_ready(11.5)) == 1


def test_the_same_content_again_is_nothing_new(assembly: Assembly) -> None:
    for light in LIGHTS:
        put(assembly, light)
    assembly.take_ready(0.0)

    put(assembly, "a", settled=10.0)

    assert assembly.take_ready(1000.0) == []
    assert assembly.waiting() == 0


def test_a_frame_that_repeats_the_layer_before_is_a_problem(assembly: Assembly) -> None:
    for light in LIGHTS:
        put(assembly, light, layer=11, content=f"frozen {light}" if light == "a" else "")
        put(assembly, light, layer=12, content=f"frozen {light}" if light == "a" else "")

    eleven, twelve = assembly.take_ready(0.0)

    assert eleven.problems == ()
    assert twelve.problems == ("duplicate frame: light a has the same content as layer 11",)
    assert twelve.duplicate


@pytest.mark.parametrize("before", [1, 2, 20])
def test_a_frame_that_repeats_one_of_the_last_layers_is_a_problem(assembly: Assembly, before: int) -> None:
    for layer in (40 - before, 40):
        for light in LIGHTS:
            put(assembly, light, layer=layer, content="frozen" if light == "b" else "")

    _, last = assembly.take_ready(0.0)

    assert last.problems == (f"duplicate frame: light b has the same content as layer {40 - before}",)


def test_of_several_layers_that_it_repeats_the_last_is_named(assembly: Assembly) -> None:
    for layer in (10, 11, 12):
        for light in LIGHTS:
            put(assembly, light, layer=layer, content="frozen" if light == "a" else "")

    *_, last = assembly.take_ready(0.0)

    assert last.problems == ("duplicate frame: light a has the same content as layer 11",)


@pytest.mark.parametrize(
    "other",
    [a_key(19), a_key(41), a_key(39, Stage.RECOAT), a_key(39, build="job43")],
    ids=["long before", "next", "stage", "build"],
)
def test_only_the_last_layers_of_the_same_build_and_stage_are_compared(assembly: Assembly, other: LayerKey) -> None:
    for light in LIGHTS:
        assembly.add(other, light, a_frame(light, content=light), settled=0.0, live=True)
        assembly.add(a_key(40), light, a_frame(light, content=light), settled=0.0, live=True)

    problems = {emission.layer_set.key: emission.problems for emission in assembly.take_ready(0.0)}

    assert problems[a_key(40)] == ()


def test_two_lights_with_one_picture_are_a_problem(assembly: Assembly) -> None:
    put(assembly, "a", content="one")
    put(assembly, "b")
    put(assembly, "c", content="one")

    (emission,) = assembly.take_ready(0.0)

    assert emission.problems == ("duplicate frame: lights a, c have the same content",)
    assert emission.duplicate


def test_a_picture_that_the_printer_cleared_away_can_still_be_repeated(assembly: Assembly) -> None:
    for light in LIGHTS:
        put(assembly, light, layer=11, content="frozen" if light == "a" else "")
    (eleven,) = assembly.take_ready(0.0)
    for capture in eleven.layer_set.captures:
        assembly.forget(a_key(11), capture.light, capture.path)

    for light in LIGHTS:
        put(assembly, light, layer=12, content="frozen" if light == "a" else "")

    assert assembly.take_ready(0.0)[0].problems == ("duplicate frame: light a has the same content as layer 11",)


def test_what_is_known_of_cleared_layers_is_bounded(assembly: Assembly) -> None:
    for layer in range(KEPT_GONE + 10):
        for light in LIGHTS:
            put(assembly, light, layer=layer)
        for capture in assembly.take_ready(0.0)[0].layer_set.captures:
            assembly.forget(a_key(layer), capture.light, capture.path)

    assert len(assembly._gone) == KEPT_GONE
    assert a_key(KEPT_GONE + 9) in assembly._gone
    assert assembly.emitted() == []


def test_a_printer_that_may_repeat_pictures_has_no_frozen_camera() -> None:
    assembly = Assembly(expected_lights=LIGHTS, set_timeout_seconds=30.0, revision_seconds=1.0, repeats_allowed=True)
    for layer in (11, 12):
        for light in LIGHTS:
            put(assembly, light, layer=layer, content="test card")

    assert [emission.problems for emission in assembly.take_ready(0.0)] == [(), ()]


def test_two_broken_files_are_no_frozen_camera(assembly: Assembly) -> None:
    for layer in (11, 12):
        for light in LIGHTS:
            assembly.add(a_key(layer), light, a_frame("empty", whole=False), settled=0.0, live=True)

    assert [emission.problems for emission in assembly.take_ready(0.0)] == [(), ()]


def test_a_file_that_cannot_be_judged_is_a_problem_of_its_light(assembly: Assembly) -> None:
    put(assembly, "a")
    put(assembly, "b")
    assembly.add(a_key(), "c", a_frame("c", trouble="the file is larger than 512 MiB"), settled=0.0, live=True)

    (emission,) = assembly.take_ready(0.0)

    assert emission.problems == ("light c: the file is larger than 512 MiB",)


def test_one_unnamed_light_is_complete_alone() -> None:
    assembly = Assembly(expected_lights=("",), set_timeout_seconds=30.0, revision_seconds=1.0)
    for layer in (1, 2):
        assembly.add(a_key(layer), "", a_frame("same"), settled=0.0, live=True)

    first, second = assembly.take_ready(0.0)

    assert first.problems == ()
    assert second.problems == ("duplicate frame: same content as layer 1",)


def test_a_forgotten_file_frees_its_layer_but_a_waiting_set_keeps_it(assembly: Assembly) -> None:
    for light in LIGHTS:
        put(assembly, light, layer=1)
    put(assembly, "a", layer=2)
    assembly.take_ready(0.0)

    for layer in (1, 2):
        for light in LIGHTS:
            assembly.forget(a_key(layer), light, f"{layer}{light}.png")

    assert assembly.again(a_key(1)) is None
    assert assembly.waiting() == 1
    (given_up,) = assembly.take_ready(1000.0)
    assert given_up.layer_set.key == a_key(2)


def test_a_time_that_no_calendar_holds_does_not_stop_the_set(assembly: Assembly) -> None:
    for light, mtime in zip(LIGHTS, (-(10**10), 10**15, 1), strict=True):
        assembly.add(a_key(), light, a_frame(light, mtime=mtime), settled=0.0, live=True)

    assert len(assembly.take_ready(0.0)) == 1


Event = tuple[int, Stage, str]
ALL_EVENTS = [(layer, stage, light) for layer in (1, 2, 3) for stage in Stage for light in LIGHTS]


@given(order=st.permutations(ALL_EVENTS), takes=st.lists(st.booleans(), min_size=18, max_size=18))
def test_any_order_of_arrival_gives_each_complete_set_exactly_once(order: list[Event], takes: list[bool]) -> None:
    assembly = Assembly(expected_lights=LIGHTS, set_timeout_seconds=30.0, revision_seconds=1.0)
    emitted: Counter[str] = Counter()
    for step, ((layer, stage, light), take) in enumerate(zip(order, takes, strict=True)):
        assembly.add(a_key(layer, stage), light, a_frame(f"{layer}{stage}{light}"), settled=step / 10, live=True)
        if take:
            emitted.update(emission.layer_set.inspection_id for emission in assembly.take_ready(step / 10))
    last = assembly.take_ready(1000.0)
    emitted.update(emission.layer_set.inspection_id for emission in last)

    assert set(emitted.values()) == {1}
    assert len(emitted) == 6
    assert all(not emission.problems for emission in last)


@given(events=st.lists(st.tuples(st.sampled_from(ALL_EVENTS), st.integers(0, 2), st.floats(0.0, 40.0)), max_size=60))
def test_whatever_comes_when_the_last_set_out_is_what_lies_there(events: list[tuple[Event, int, float]]) -> None:
    assembly = Assembly(expected_lights=LIGHTS, set_timeout_seconds=30.0, revision_seconds=1.0)
    now = 0.0
    lying: dict[LayerKey, dict[str, bytes]] = {}
    out: dict[LayerKey, Emission] = {}
    for (layer, stage, light), version, pause in events:
        now += pause
        frame = a_frame(f"{layer}{stage}{light}", content=f"{layer}{stage}{light}{version}")
        lying.setdefault(a_key(layer, stage), {})[light] = frame.sha256
        assembly.add(a_key(layer, stage), light, frame, settled=now, live=True)
        out.update({emission.layer_set.key: emission for emission in assembly.take_ready(now)})
    out.update({emission.layer_set.key: emission for emission in assembly.take_ready(now + 31.0)})

    assert out.keys() == lying.keys()
    for key, emission in out.items():
        captures = {capture.light: bytes.fromhex(capture.sha256) for capture in emission.layer_set.captures}
        assert captures == lying[key]
        missing = {f"missing light {light}" for light in LIGHTS if light not in lying[key]}
        assert missing == {problem for problem in emission.problems if problem.startswith("missing")}
