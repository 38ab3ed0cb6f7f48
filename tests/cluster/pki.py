# Copyright (c) the baremetal.dualstack authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a control plane, for clients of any user and lifetime, and the kubeconfigs that name them."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = 86400
SIGNS = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
EARLIER = timedelta(days=1)  # from when all certificates are valid


def plain(user: str) -> str:
    """The name of a user's files."""
    return user.replace(":", "-").replace("/", "-")


def write_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """A new private key, in a file for its owner alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    path.touch(0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return key


class Pki:
    """A certificate authority in a folder; ``server`` and clients are signed by it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.ca = folder / "ca.crt"
        self._key = write_key(folder / "ca.key")
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
        unlimited = x509.BasicConstraints(ca=True, path_length=None)
        public = self._key.public_key()
        self._authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(public)
        builder = self._builder(self._name, public, 10 * DAY).add_extension(unlimited, critical=True)
        builder = builder.add_extension(SIGNS, critical=True)
        self._sign(builder, self.ca)

    def server(self, addresses: Iterable[str], seconds: float = DAY) -> tuple[Path, Path]:
        """(Re)writes the server's certificate for these addresses and localhost; its files.

        An API server that runs takes a new one up by itself.
        """
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in ("localhost", "kubernetes.default.svc")]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        return self._leaf("server", [], ExtendedKeyUsageOID.SERVER_AUTH, seconds, x509.SubjectAlternativeName(names))

    def client(self, user: str, groups: Iterable[str] = (), seconds: float = DAY) -> tuple[Path, Path]:
        """(Re)writes a client's certificate, valid for so many seconds (below 0: until then ago); its files."""
        return self._leaf(user, list(groups), ExtendedKeyUsageOID.CLIENT_AUTH, seconds, None)

    def _leaf(
        self,
        user: str,
        groups: list[str],
        usage: x509.ObjectIdentifier,
        seconds: float,
        names: x509.SubjectAlternativeName | None,
    ) -> tuple[Path, Path]:
        certificate, private = self.folder / f"{plain(user)}.crt", self.folder / f"{plain(user)}.key"
        key = write_key(private)
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])
        builder = self._builder(subject, key.public_key(), seconds)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        self._sign(builder.add_extension(names, critical=False) if names else builder, certificate)
        return certificate, private

    def _builder(
        self, subject: x509.Name, public: ec.EllipticCurvePublicKey, seconds: float
    ) -> x509.CertificateBuilder:
        now = datetime.now(timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - EARLIER)
            .not_valid_after(now + timedelta(seconds=seconds))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(self._authority, critical=False)  # RFC 5280 section 4.2.1.1: Python 3.13 insists on it
        )

    def _sign(self, builder: x509.CertificateBuilder, path: Path) -> None:
        signed = builder.sign(self._key, hashes.SHA256())
        path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def kubeconfig(path: Path, server: str, ca: Path, credentials: dict[str, str]) -> Path:
    """Writes a kubeconfig, as JSON, which is YAML; ``credentials`` are those of its one user."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": {"server": server, "certificate-authority": str(ca)}}],
        "users": [{"name": "user", "user": credentials}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "user"}}],
        "current-context": "tests",
    }
    path.touch(0o600)
    path.write_text(json.dumps(document, indent=2))
    return path
