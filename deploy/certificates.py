"""One shot: a certificate authority of our own, and a certificate for each server.

    certificates.py --authority DIR --out DIR NAME...

Writes ``ca.crt``, ``NAME.crt`` and ``NAME.key`` (PEM). Safe to repeat: what stands is kept until it
has less than a third of its life left, and is then renewed under the same authority, so that
clients need nothing new. The authority's key lies in a folder that no server mounts.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
SERVER_DAYS = 397
EVERYWHERE = ("localhost", "127.0.0.1", "::1")  # health checks ask from inside

Key = ec.EllipticCurvePrivateKey


def main() -> None:
    """Make or renew what is missing or old, and say so in one line each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--authority", type=Path, required=True, help="folder of the CA's key")
    parser.add_argument("--out", type=Path, required=True, help="folder that servers read")
    parser.add_argument("--server-days", type=int, default=SERVER_DAYS)
    parser.add_argument("names", nargs="+", help="servers, as their clients call them")
    asked = parser.parse_args()
    for folder in (asked.authority, asked.out):
        folder.mkdir(parents=True, exist_ok=True)
    key, authority = authority_in(asked.authority)
    write(asked.out / "ca.crt", pem(authority), 0o644)
    for name in asked.names:
        certificate = asked.out / f"{name}.crt"
        if is_good(certificate, authority):
            click.echo(f"{name}: kept, valid until {expiry(certificate):%Y-%m-%d}")
            continue
        own_key = ec.generate_private_key(ec.SECP256R1())
        write(asked.out / f"{name}.key", private(own_key), 0o640)
        days = timedelta(days=asked.server_days)
        write(certificate, pem(server(name, own_key, key, authority, days)), 0o644)
        click.echo(f"{name}: made, valid until {expiry(certificate):%Y-%m-%d}")


def authority_in(folder: Path) -> tuple[Key, x509.Certificate]:
    """The authority that lies there, or a new one; a renewed authority would orphan clients."""
    key_file, certificate_file = folder / "ca.key", folder / "ca.crt"
    if key_file.exists() and certificate_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key, x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = new_authority(key)
    write(key_file, private(key), 0o600)
    write(certificate_file, pem(certificate), 0o644)
    return key, certificate


def new_authority(key: Key) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Molva certificate authority")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        builder(name, name, key, timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def server(
    name: str, key: Key, signing: Key, authority: x509.Certificate, life: timedelta
) -> x509.Certificate:
    """Good for serving and, between nodes of a cluster, for calling."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = x509.SubjectAlternativeName([alternative(each) for each in (name, *EVERYWHERE)])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    return (
        builder(subject, authority.subject, key, life)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signing, hashes.SHA256())
    )


def builder(
    subject: x509.Name, issuer: x509.Name, key: Key, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # clocks differ
        .not_valid_after(now + life)
    )


def alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def is_good(path: Path, authority: x509.Certificate) -> bool:
    """Whether it stands, is this authority's, and has a third of its life left."""
    if not path.exists() or not path.with_suffix(".key").exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    try:  # all our authorities have one name
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_after_utc - datetime.now(UTC) > life / 3


def expiry(path: Path) -> datetime:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: a server that starts meanwhile never reads half a key."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    part.chmod(mode)
    part.replace(path)


if __name__ == "__main__":
    main()
