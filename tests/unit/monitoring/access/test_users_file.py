from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from layerwatch.errors import SettingsError
from monitoring.web.access.roles import Role
from monitoring.web.access.tokens import digest, new_token
from monitoring.web.access.users_file import Entry, UsersFile, _toml, read_users, user_name, with_token, write_users

ANNA = Entry(name="anna", role=Role.OPERATOR, token_sha256=digest("a"), created=datetime(2026, 11, 26, 7, tzinfo=UTC))
BEN = Entry(name='Bén "O\'Hara" \\ 東', role=Role.VIEWER)


def _is_name(text: str) -> bool:
    try:
        return bool(user_name(text))
    except ValueError:
        return False


def test_users_survive_the_file_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "new" / "users.toml"

    write_users(file, [ANNA, BEN])

    assert read_users(file) == (ANNA, BEN)
    assert file.stat().st_mode & 0o777 == 0o600


@given(st.text(max_size=64).filter(_is_name))
def test_any_name_that_can_be_shown_can_be_written(name: str) -> None:
    import tomllib  # noqa: PLC0415 - as what it is compared with

    entry = Entry(name=name, role=Role.VIEWER)

    assert tomllib.loads(_toml(entry)) == {"users": [{"name": name, "role": "viewer"}]}


@pytest.mark.parametrize("name", ["", " anna", "an\nna", "a" * 65, "local", "\x00", "a\u202eb"])
def test_names_that_cannot_be_shown_or_told_from_others_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 64 letters"):
        user_name(name)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[users]", "cannot be read as a users file"),
        ('[[users]]\nname = "a"\nrole = "boss"', "users.0.role"),
        ('[[users]]\nname = "a"\nrole = "viewer"\ntoken_sha256 = "sesame"', "users.0.token_sha256"),
        ('[[users]]\nname = "a"\nrole = "viewer"\nrolle = "engineer"', "users.0.rolle"),
        ('[[users]]\nname = "a"\nrole = "viewer"\n[[users]]\nname = "a"\nrole = "engineer"', "two users have one name"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words_without_what_may_be_a_token(
    tmp_path: Path, text: str, says: str
) -> None:
    file = tmp_path / "users.toml"
    file.write_text(text)

    with pytest.raises(SettingsError, match=says) as refused:
        read_users(file)

    assert "sesame" not in str(refused.value)


def test_a_file_that_is_not_there_has_no_users(tmp_path: Path) -> None:
    assert read_users(tmp_path / "users.toml") == ()


def test_a_new_token_ends_the_old_one_and_the_role_stays() -> None:
    users = with_token([ANNA, BEN], "anna", None, "b")

    assert [(user.name, user.role, user.token_sha256) for user in users] == [
        ("anna", Role.OPERATOR, digest("b")),
        (BEN.name, Role.VIEWER, None),
    ]


def test_somebody_new_without_a_role_looks_only() -> None:
    assert with_token([], "cara", None, "c")[0].role is Role.VIEWER


def test_tokens_are_long_and_each_is_another() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 43


def test_users_come_and_go_as_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    users = UsersFile(file)
    before = users.with_token("a")

    write_users(file, [ANNA, BEN])
    with_anna = users.with_token("a"), users.named(BEN.name), users.with_token(""), users.with_token("b")
    write_users(file, [BEN])

    assert before is None
    assert with_anna == (ANNA, BEN, None, None)
    assert users.with_token("a") is None


def test_a_file_that_is_spoiled_lets_nobody_in_and_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "users.toml"
    write_users(file, [ANNA])
    users = UsersFile(file)
    assert users.with_token("a")

    file.write_text("role = ")
    with capture_logs() as logs:
        found = [users.with_token("a") for _ in range(3)]

    assert found == [None, None, None]
    assert [line["event"] for line in logs] == ["users_file_unusable"]
