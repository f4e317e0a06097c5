"""REDIS_URL: one server, or sentinels."""

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
