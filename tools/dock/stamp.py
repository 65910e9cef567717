"""Time stamps of RFC 3161 on custody entries: somebody else's word for when an entry was there.

The newest entry is stamped; what stands before it in the chain is covered with it.
"""

import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

_WAIT_S = 20
_LARGEST_BYTES = 1 << 20


class StampError(OSError):
    """There is no time stamp, or none that is right; one line."""


class Stamper:
    """A time stamping service at a URL, and the certificates in PEM that it is trusted by.

    Raises:
        StampError: the certificates cannot be read.
    """

    def __init__(self, url: str, roots: Path):
        self.url = url
        self.roots = certificates(roots)

    def stamp(self, data: bytes) -> bytes:
        """Return the service's answer (DER) over `data`, checked. Takes 20 s at most.

        Raises:
            StampError: it does not answer, refuses, or its answer is not right.
        """
        builder = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256)
        request = builder.build()
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            asked = urllib.request.Request(self.url, request.as_bytes(), headers)
            with urllib.request.urlopen(asked, timeout=_WAIT_S) as answer:
                stamp = answer.read(_LARGEST_BYTES)
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise StampError(f"the time stamp service {self.url} does not answer: {reason}")
        check(stamp, data, self.roots, request.nonce)
        return stamp


def check(stamp: bytes, data: bytes, roots: list, nonce: "int | None" = None) -> str:
    """Return the time, in UTC, at which `data` was stamped by a service that `roots` vouch for;
    without roots only that the stamp is for `data` is checked.

    Raises:
        StampError: it is not a stamp for `data`, or nobody trusted made it.
    """
    try:
        answer = decode_timestamp_response(stamp)
        info = answer.tst_info
        if info.message_imprint.message != sha256(data).digest():
            raise StampError("the time stamp is for something else")
        if roots:
            builder = VerifierBuilder(roots=list(roots), nonce=nonce)
            builder.build().verify_message(answer, data)
    except (ValueError, TypeError, VerificationError) as error:
        raise StampError(f"the time stamp is not right: {error}")
    return info.gen_time.strftime("%Y-%m-%dT%H:%M:%SZ")


def certificates(path: Path) -> list:
    """Return the certificates in a PEM file.

    Raises:
        StampError: there are none.
    """
    try:
        return load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StampError(f"{path} holds no certificate in PEM") from error
