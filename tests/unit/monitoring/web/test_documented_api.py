"""What docs/api.md tells of routes is what there is."""

import re
from pathlib import Path

from monitoring.settings import MonitoringSettings
from monitoring.web.app import create_app

PAGE = Path(__file__).resolve().parents[4] / "docs" / "api.md"
OWN = re.compile(r"/api/(builds|layers)|/api/inspections/\{inspection\}/(picture|difference)")


def test_each_documented_route_is_there_and_none_of_the_api_is_left_out() -> None:
    text = PAGE.read_text(encoding="utf-8")
    documented = set(re.findall(r"`(GET|POST|DELETE) (/[^`? ]*)", text))
    described = create_app(MonitoringSettings()).openapi()["paths"]
    there = {
        (method.upper(), re.sub(r":[a-z]+\}", "}", path)) for path, methods in described.items() for method in methods
    }

    assert documented <= there
    assert {each for each in there if each[1].startswith("/api/")} <= documented


def test_each_route_of_builds_and_pictures_says_what_its_errors_look_like() -> None:
    described = create_app(MonitoringSettings()).openapi()["paths"]

    for path, methods in described.items():
        if OWN.match(path):
            errors = {code: answer for code, answer in methods["get"]["responses"].items() if code >= "400"}
            assert {"422", "503"} <= set(errors), path
            for answer in errors.values():
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
