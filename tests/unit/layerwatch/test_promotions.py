from pathlib import Path

import pytest

from layerwatch.errors import BundleCorruptError, BundleError
from layerwatch.promotions import LOG, Action, Check, Promotion, append, read
from layerwatch.registry import Registry
from tests.conftest import write_tiny_bundle


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Three versions, none in service."""
    registry = Registry(tmp_path / "registry")
    for version in ("1", "2", "3"):
        registry.publish(write_tiny_bundle(tmp_path / version, version=version))
    return registry


def test_rollback_goes_back_version_by_version(registry: Registry) -> None:
    for version in ("1", "2", "3"):
        registry.promote("tiny", version)

    assert [registry.rollback("tiny"), registry.rollback("tiny")] == ["2", "1"]
    assert registry.current("tiny") == "1"
    with pytest.raises(BundleError, match="knows no version"):
        registry.rollback("tiny")
    assert registry.current("tiny") == "1"


def test_a_broken_version_is_not_rolled_back_to(registry: Registry) -> None:
    registry.promote("tiny", "1")
    registry.promote("tiny", "2")
    (registry.root / "tiny" / "1" / "int8.onnx").write_bytes(b"broken")

    with pytest.raises(BundleCorruptError, match="tiny/1"):
        registry.rollback("tiny")

    assert registry.current("tiny") == "2"
    assert [one.action for one in registry.history("tiny")] == [Action.PROMOTE, Action.PROMOTE]


def test_the_log_tells_who_did_what_and_what_was_checked(registry: Registry) -> None:
    checks = (Check(name="files", passed=False, said="one is missing"),)

    registry.promote("tiny", "1")
    registry.refuse("tiny", "2", checks)

    promoted, refused = registry.history("tiny")
    assert (promoted.action, promoted.version, promoted.before) == (Action.PROMOTE, "1", None)
    assert (refused.action, refused.version, refused.before) == (Action.REFUSE, "2", "1")
    assert refused.checks == checks
    assert "@" in refused.who
    assert promoted.when <= refused.when


def test_what_is_in_service_is_not_promoted_twice(registry: Registry) -> None:
    registry.promote("tiny", "1")
    registry.promote("tiny", "1")

    assert len(registry.history("tiny")) == 1


def test_a_line_that_a_crash_left_torn_is_passed_over(tmp_path: Path) -> None:
    first, second = (Promotion(action=Action.PROMOTE, version=version, before=None) for version in "12")
    append(tmp_path, first)
    with (tmp_path / LOG).open("ab") as log:
        log.write(b'{"when": "2026-')

    append(tmp_path, second)

    assert read(tmp_path) == (first, second)


def test_a_copy_under_way_is_no_version(registry: Registry) -> None:
    write_tiny_bundle(registry.root / "tiny" / ".publish-abc")

    assert registry.versions("tiny") == ("1", "2", "3")
    assert registry.names() == ("tiny",)
