"""The compose files, .env.example, and what `make secrets` makes, fit together."""

import re
from pathlib import Path
from typing import Any

import yaml

from deploy.set_up import TEMPLATE, make_secrets, users_of

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
TLS_TEXT = (ROOT / "docker-compose.tls.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
TLS: dict[str, Any] = yaml.safe_load(TLS_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROLES = {name: one for name, one in SERVICES.items() if "redis_password" in str(one.get("secrets"))}
SET = re.compile(r"^#?([A-Z_]+)=(.*)$", re.MULTILINE)
USED = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


def test_the_example_explains_every_value_with_its_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    used = {**dict(USED.findall(TEXT)), **dict(USED.findall(TLS_TEXT))}
    passed_on = {name for name, value in SERVICES["recorder"]["environment"].items() if value is None}
    explained = dict(SET.findall(example))

    assert set(explained) == set(used) | passed_on
    assert {name: explained[name] for name in used} == used


def test_every_secret_is_made(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    made = {file.name for file in (tmp_path / "secrets").iterdir()}

    assert {Path(one["file"]).name for one in COMPOSE["secrets"].values()} <= made


def test_each_role_logs_in_as_a_user_of_its_own_with_its_own_password_alone() -> None:
    users = users_of(TEMPLATE.read_text(encoding="utf-8"))
    for name, service in ROLES.items():
        (user,) = re.findall(r"^redis://(\w+)@redis:6379/0$", service["environment"]["REDIS_URL"])
        assert user in users, name
        assert service["secrets"] == [{"source": f"redis_{user}", "target": "redis_password"}]
        tls = TLS["services"][name]
        assert tls["environment"]["REDIS_URL"] == f"rediss://{user}@redis:6379/0?ssl_ca_certs=/run/secrets/redis_ca"
    assert set(ROLES) == {"ingest", "worker", "worker-gpu", "monitoring", "recorder", "trainer"}


def test_redis_differs_over_tls_in_nothing_else() -> None:
    assert TLS["services"]["redis"]["command"][: len(SERVICES["redis"]["command"])] == SERVICES["redis"]["command"]


def test_every_service_may_do_little_and_use_little() -> None:
    for name, service in SERVICES.items():
        limits = service["deploy"]["resources"]["limits"]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"memory", "pids"} <= set(limits), name
        assert service["restart"] == ("on-failure" if name == "simulator" else "unless-stopped")  # its build ends
        assert "env_file" not in service


def test_only_who_has_a_user_of_redis_is_on_its_network() -> None:
    assert COMPOSE["networks"]["bus"] == {"internal": True}
    assert {name for name, one in SERVICES.items() if "bus" in one.get("networks", ())} == {"redis", *ROLES}
    assert SERVICES["redis"]["networks"] == ["bus"]
    assert "ports" not in SERVICES["redis"]
