"""What `make secrets` writes."""

import hashlib
import stat
from pathlib import Path

from deploy.set_up import TEMPLATE, acl_file, make_secrets, users_of


def test_the_template_gives_each_user_its_rules_on_one_line_without_comments() -> None:
    text = "# head\n\nuser one\n  +ping\n  # why\n  ~a ~b\n\n# of two\nuser two\n  +get\n"

    assert users_of(text) == {"one": "+ping ~a ~b", "two": "+get"}


def test_the_users_file_knows_passwords_by_their_sha256_alone_and_nobody_else() -> None:
    first, second = acl_file("user one\n  +ping\n", {"one": "hunter2"}).splitlines()

    assert first.split()[:4] == ["user", "default", "off", "resetpass"]
    assert second == f"user one on #{hashlib.sha256(b'hunter2').hexdigest()} +ping"


def test_no_role_may_call_all_commands_or_touch_all_keys() -> None:
    for name, rules in users_of(TEMPLATE.read_text(encoding="utf-8")).items():
        words = rules.split()
        assert name == "admin" or not {"+@all", "allcommands", "~*", "allkeys", "&*", "nopass"} & set(words)
        assert name == "admin" or not any(word.startswith("+@") for word in words)


def test_passwords_are_long_kept_and_behind_a_folder_of_their_own(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    make_secrets(folder)
    before = {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}

    make_secrets(folder)

    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == before
    passwords = [text for name, text in before.items() if name != "users.acl"]
    assert len(set(passwords)) == len(passwords)
    assert min(map(len, passwords)) >= 43
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not any(password in before["users.acl"] for password in passwords)
