import pytest

from monitoring.web.access.login import local_path


@pytest.mark.parametrize("path", ["/", "/builds/m290/job42?layer=7&stage=melt", "/builds?next=//evil", "/a//b#detail"])
def test_after_the_login_one_is_where_one_wanted_to_be(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "builds",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/b\r\nSet-Cookie: a=b",
        "/é",
        "/login",
        "/login?next=/login",
        "/logout",
    ],
)
def test_and_never_anywhere_else(path: str) -> None:
    assert local_path(path) == "/"
