"""Where the page may listen."""

from ipaddress import ip_address

from layerwatch.errors import SettingsError


def check_listening(access: str, address: str) -> None:
    """See that nobody from elsewhere reaches a page on which nobody logs in.

    Args:
        access: MONITORING_ACCESS.
        address: an IP address, as a host name resolves to.

    Raises:
        SettingsError: they would.
    """
    if access != "local" or ip_address(address.partition("%")[0]).is_loopback:
        return
    raise SettingsError(
        f"will not listen on {address}: from elsewhere anybody could use the page, as MONITORING_ACCESS is local and "
        "nobody logs in; set it to token and make a user by `python -m monitoring token NAME --role operator`, "
        "or to proxy (docs/access.md), or listen on 127.0.0.1"
    )
