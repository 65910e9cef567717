"""A time stamping service after RFC 3161, on this computer, with a root certificate of its own.

The answer is put together by hand: RFC 3161 section 2.4.2, CMS (RFC 5652) section 5, the signer's
certificate named as RFC 5035 has it.
"""

import datetime
import threading
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DER = serialization.Encoding.DER


def tlv(tag, *parts):
    data = b"".join(parts)
    size = len(data)
    if size < 128:
        return bytes((tag, size)) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + data


def number(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(text):
    first, second, *others = map(int, text.split("."))
    out = bytes((40 * first + second,))
    for arc in others:
        group = [arc & 127]
        while arc := arc >> 7:
            group.insert(0, 128 | arc & 127)
        out += bytes(group)
    return tlv(6, out)


def sequence(*parts):
    return tlv(0x30, *parts)


SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
TST_INFO = oid("1.2.840.113549.1.9.16.1.4")


def attribute(name, value):
    return sequence(oid(name), tlv(0x31, value))


class Service:
    """Answers at `url`; `pem` is its root. A context manager."""

    def __init__(self):
        self._keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        self._root = self._certificate("test root", "test root", self._keys[0], True)
        self._leaf = self._certificate("test stamps", "test root", self._keys[1], False)
        self.pem = self._root.public_bytes(serialization.Encoding.PEM)
        self.working = True
        service = self

        class Answers(BaseHTTPRequestHandler):
            def do_POST(self):
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200 if service.working else 503)
                self.end_headers()
                self.wfile.write(service.answer(asked) if service.working else b"")

            def log_message(self, *_):
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self._server.server_port}/stamp"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked):
        at = asked.index(SHA256[2:]) + len(SHA256) - 2
        at = asked.index(b"\x04\x20", at) + 2
        digest, rest = asked[at : at + 32], asked[at + 32 :]
        nonce = rest[: 2 + rest[1]] if rest[:1] == b"\x02" else b""
        when = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d%H%M%SZ")
        imprint = sequence(SHA256, tlv(4, digest))
        info = sequence(
            number(1), oid("1.2.3.4"), imprint, number(7), tlv(0x18, when.encode()), nonce
        )
        leaf = self._leaf.public_bytes(DER)
        attributes = sorted(
            (
                attribute("1.2.840.113549.1.9.3", TST_INFO),
                attribute("1.2.840.113549.1.9.4", tlv(4, sha256(info).digest())),
                attribute(
                    "1.2.840.113549.1.9.16.2.47",
                    sequence(sequence(sequence(tlv(4, sha256(leaf).digest())))),
                ),
            )
        )
        signature = self._keys[1].sign(tlv(0x31, *attributes), ec.ECDSA(hashes.SHA256()))
        signer = sequence(
            number(1),
            sequence(self._leaf.issuer.public_bytes(), number(self._leaf.serial_number)),
            SHA256,
            tlv(0xA0, *attributes),
            sequence(oid("1.2.840.10045.4.3.2")),
            tlv(4, signature),
        )
        signed = sequence(
            number(3),
            tlv(0x31, SHA256),
            sequence(TST_INFO, tlv(0xA0, tlv(4, info))),
            tlv(0xA0, leaf),
            tlv(0x31, signer),
        )
        content = sequence(oid("1.2.840.113549.1.7.2"), tlv(0xA0, signed))
        return sequence(sequence(number(0)), content)

    def _certificate(self, subject, issuer, key, root):
        now = datetime.datetime.now(datetime.timezone.utc)
        name = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)]) for n in (subject, issuer)]
        builder = x509.CertificateBuilder(
            name[1], name[0], key.public_key(), x509.random_serial_number(),
            now - datetime.timedelta(days=1), now + datetime.timedelta(days=9),
        )  # fmt: skip
        builder = builder.add_extension(x509.BasicConstraints(root, None), True)
        if not root:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, True)
        return builder.sign(self._keys[0], hashes.SHA256())
