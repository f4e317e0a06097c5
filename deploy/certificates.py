"""A certificate authority of our own, and a certificate for Redis that it signed, made by openssl."""

import subprocess
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

DAYS: Final = "825"
KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_certificates(folder: Path, names: Sequence[str]) -> None:
    """Write ca.crt and ca.key unless they are there, and redis.crt and redis.key for these names and addresses.

    ca.key signs further certificates and belongs on no machine that serves; clients need ca.crt alone.
    """
    authority, authority_key = folder / "redis_ca.crt", folder / "redis_ca.key"
    if not authority.exists():
        subject = ("-subj", "/CN=layerwatch redis authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        _openssl("req", "-x509", *KEY, "-days", DAYS, *subject, "-keyout", authority_key, "-out", authority)
    request, key, certificate = folder / "redis.csr", folder / "redis.key", folder / "redis.crt"
    extensions = folder / "redis.ext"
    alternatives = ",".join(f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in names)
    extensions.write_text(f"subjectAltName={alternatives}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
    _openssl("req", "-new", *KEY, "-subj", f"/CN={names[0]}", "-keyout", key, "-out", request)
    signer = ("-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-extfile", extensions)
    _openssl("x509", "-req", "-in", request, *signer, "-days", DAYS, "-out", certificate)
    for leftover in (request, extensions, authority.with_suffix(".srl")):
        leftover.unlink(missing_ok=True)
    authority_key.chmod(0o400)
    for readable in (authority, certificate, key):
        readable.chmod(0o444)  # in a folder that lets nobody but its owner through


def _openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
