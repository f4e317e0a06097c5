"""How much room there is for artifacts, as Prometheus sees it."""

import os
import time
from pathlib import Path

from prometheus_client import CollectorRegistry

from layerwatch.artifacts import StoreUrl
from worker.disk_space import measuring_space


def test_the_room_of_the_disk_is_told(tmp_path: Path) -> None:
    registry = CollectorRegistry()

    with measuring_space(tmp_path, registry=registry):
        while not registry.get_sample_value("layerwatch_artifacts_size_bytes"):
            time.sleep(0.001)

    disk = os.statvfs(tmp_path)
    assert registry.get_sample_value("layerwatch_artifacts_size_bytes") == disk.f_blocks * disk.f_frsize
    free = registry.get_sample_value("layerwatch_artifacts_free_bytes")
    assert free is not None
    assert 0 < free <= disk.f_blocks * disk.f_frsize


def test_an_object_store_has_no_size() -> None:
    registry = CollectorRegistry()

    with measuring_space(StoreUrl.parse("s3://bucket/plant"), registry=registry):
        assert list(registry.collect()) == []
