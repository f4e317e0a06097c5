"""REDIS_URL: one server, or sentinels."""

from pathlib import Path

import pytest
from redis.sentinel import MasterNotFoundError, SentinelManagedSSLConnection

from layerwatch.errors import SettingsError
from layerwatch.redis_address import sentinel_address
from layerwatch.redis_connection import UNAVAILABLE, connect, connect_async
from layerwatch.settings import SharedSettings, load_settings

NOWHERE = "redis+sentinel://ann:hunter2@127.0.0.1:1,[::1]:2/plant/3?sentinel_username=bob&sentinel_password=hunter3"


@pytest.mark.parametrize("url", ["redis://host/0", "rediss://:pw@host:6380/1", "unix:///run/redis.sock?db=2"])
def test_a_url_of_one_server_names_no_sentinels(url: str) -> None:
    assert sentinel_address(url) is None


def test_a_sentinel_url_names_hosts_service_database_and_both_logins() -> None:
    address = sentinel_address(f"{NOWHERE}&client_name=x")

    assert address is not None
    assert address.sentinels == (("127.0.0.1", 1), ("::1", 2))
    assert address.service == "plant"
    assert address.master_url == "redis://ann:hunter2@master/3?client_name=x"
    assert (address.username, address.password) == ("bob", "hunter3")
    assert "hunter" not in repr(address)


def test_port_and_database_may_be_left_out() -> None:
    address = sentinel_address("redis+sentinel://one,two:5/plant")

    assert address is not None
    assert address.sentinels == (("one", 26379), ("two", 5))
    assert address.master_url.startswith("redis://master/0")


@pytest.mark.parametrize(
    "url",
    [
        "host:6379",
        "http://:hunter2@host/0",
        "sentinel://:hunter2@host/plant",
        "redis+sentinel://:hunter2@host:26379",
        "redis+sentinel://:hunter2@host:26379/",
        "redis+sentinel://:hunter2@host:26379/plant/first",
        "redis+sentinel://:hunter2@/plant",
        "redis+sentinel://:hunter2@one,,two/plant",
        "redis+sentinel://:hunter2@host:port/plant",
        "redis://:hunter2℀@host/0",
        "redis://:hunter2@[host/0",
    ],
)
def test_any_other_url_is_refused_without_being_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", url)

    with pytest.raises(SettingsError, match=r"REDIS_URL: .*redis\+sentinel://") as refused:
        load_settings(SharedSettings)

    assert "hunter2" not in str(refused.value)


def test_sentinels_that_are_away_are_waited_out_and_no_password_is_told() -> None:
    with connect(NOWHERE, retries=0) as client, pytest.raises(UNAVAILABLE) as away:
        client.ping()

    assert isinstance(away.value, MasterNotFoundError)
    assert "hunter" not in str(away.value) + repr(client)


def test_the_login_of_a_sentinel_url_goes_to_the_right_servers() -> None:
    with connect(NOWHERE) as client:
        pool = client.connection_pool
        (one, _) = pool.sentinel_manager.sentinels

    assert pool.connection_kwargs["credential_provider"].get_credentials() == ("ann", "hunter2")
    assert pool.connection_kwargs["db"] == 3
    asked = one.connection_pool.connection_kwargs
    assert asked["credential_provider"].get_credentials() == ("bob", "hunter3")


def test_rediss_means_tls_for_servers_and_sentinels() -> None:
    with connect("rediss+sentinel://host/plant?ssl_ca_certs=/ca.pem") as client:
        pool = client.connection_pool
        (one,) = pool.sentinel_manager.sentinels

    assert pool.connection_class is SentinelManagedSSLConnection
    assert pool.connection_kwargs["ssl_ca_certs"] == "/ca.pem"
    assert one.connection_pool.connection_kwargs["ssl_ca_certs"] == "/ca.pem"
    assert "SSL" in one.connection_pool.connection_class.__name__


def test_the_page_finds_the_master_by_the_same_url() -> None:
    pool = connect_async(NOWHERE).connection_pool

    assert pool.service_name == "plant"  # type: ignore[attr-defined]
    assert pool.connection_kwargs["db"] == 3


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://worker@redis:6379/0", "redis://worker:p%40s%2Fs@redis:6379/0"),
        ("rediss://redis/1?ssl_ca_certs=/ca.crt", "rediss://:p%40s%2Fs@redis/1?ssl_ca_certs=/ca.crt"),
        ("unix://worker@/run/redis.sock?db=2", "unix://worker:p%40s%2Fs@/run/redis.sock?db=2"),
        ("redis+sentinel://a@one,two:5/plant/0", "redis+sentinel://a:p%40s%2Fs@one,two:5/plant/0"),
    ],
)
def test_a_password_comes_from_its_file(
    url: str, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    (tmp_path / "password").write_text("p@s/s\n", encoding="utf-8")

    settings = load_settings(SharedSettings)

    assert settings.redis_url == expected
    assert "p@s" not in repr(settings)
    assert "p%40s" not in repr(settings)
    login = connect(settings.redis_url).connection_pool.connection_kwargs
    assert login.get("password") == "p@s/s" or login["credential_provider"].get_credentials()[-1] == "p@s/s"


def test_the_default_address_takes_the_password_of_the_file_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REDIS_URL", raising=False)
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    (tmp_path / "password").write_text("secret", encoding="utf-8")

    assert load_settings(SharedSettings).redis_url == "redis://:secret@127.0.0.1:6379/0"


def test_a_password_file_that_says_nothing_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    with pytest.raises(SettingsError, match="cannot read the password"):
        load_settings(SharedSettings)

    (tmp_path / "password").write_text("\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="there is no password"):
        load_settings(SharedSettings)


def test_two_passwords_are_one_too_many_and_neither_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://worker:hunter2@redis/0")
    monkeypatch.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))
    (tmp_path / "password").write_text("hunter3", encoding="utf-8")

    with pytest.raises(SettingsError, match="REDIS_URL holds a password already") as refused:
        load_settings(SharedSettings)

    assert "hunter" not in str(refused.value)
