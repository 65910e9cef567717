"""Key derivation and tags against the library that the reader uses, and the published examples."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from bodycam.errors import Fault
from bodycam.keys import DigestMAC, cmac, kdf
from tools.sim.host_cpython import aes

# NIST SP 800-38B, examples for AES-256 (csrc.nist.gov, "AES_CMAC").
NIST_KEY = bytes.fromhex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")
NIST_MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
NIST_TAGS = {
    0: "028962f61b7bf89efc6b551f4667d983",
    16: "28a7023f452e8f82bd4bf28d8c37c35c",
    40: "aaf3d8f1de5640c232f5b169b9c911e6",
    64: "e1992190549f6ed5696a2c056c315410",
}


def library_cmac(key, message):
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


@pytest.mark.parametrize("length", NIST_TAGS)
def test_cmac_gives_the_published_tags(length):
    tag = bytearray(16)
    cmac(aes, NIST_KEY, NIST_MESSAGE[:length], tag)
    assert tag.hex() == NIST_TAGS[length]


def test_cmac_equals_the_library_at_every_length(seed):
    rng = random.Random(seed)
    for length in range(70):
        key, message, tag = rng.randbytes(32), rng.randbytes(length), bytearray(16)
        cmac(aes, key, message, tag)
        assert tag == library_cmac(key, message)


def test_kdf_is_sp_800_108_counter_mode_with_cmac(seed):
    rng = random.Random(seed)
    for length in (0, 1, 16, 36):
        key, context, out = rng.randbytes(32), rng.randbytes(length), bytearray(32)
        kdf(aes, key, b"next", context, out)
        library = KBKDFCMAC(
            algorithm=AES,
            mode=Mode.CounterMode,
            length=32,
            rlen=4,
            llen=4,
            location=CounterLocation.BeforeFixed,
            label=b"next",
            context=context,
            fixed=None,
        )
        assert out == library.derive(key)


def test_a_key_can_be_replaced_by_what_it_derives():
    key = bytearray(range(32))
    apart = bytearray(32)
    kdf(aes, key, b"next", b"", apart)
    kdf(aes, key, b"next", b"", key)
    assert key == apart


def test_digest_tags_chain_through_one_cipher_object_and_are_still_cmac(seed):
    rng = random.Random(seed)
    key = rng.randbytes(32)
    mac = DigestMAC(aes)
    mac.begin(key)
    for _ in range(50):
        digest = rng.randbytes(32)
        assert mac.tag(digest) == library_cmac(key, digest)


class Failing:
    """cryptolib.aes that says nothing and leaves zeros, or what was there."""

    def __init__(self, key, mode, iv=None):
        pass

    def encrypt(self, data, out):
        if self.blank:
            out[:] = bytes(len(out))


@pytest.mark.parametrize("blank", [False, True])
def test_a_cipher_that_fails_in_silence_makes_no_key_and_no_tag(blank, monkeypatch):
    monkeypatch.setattr(Failing, "blank", blank, raising=False)
    out = bytearray(32)
    with pytest.raises(Fault, match="crypto_error"):
        kdf(Failing, bytes(range(32)), b"next", b"", out)
    with pytest.raises(Fault, match="crypto_error"):
        cmac(Failing, bytes(range(32)), b"something", out)
    assert out == bytes(32)
    with pytest.raises(Fault, match="crypto_error"):
        DigestMAC(Failing).begin(bytes(range(32)))
    tags = DigestMAC(aes)
    tags.begin(bytes(range(32)))
    tags._aes = Failing(None, 2, None)
    with pytest.raises(Fault, match="crypto_error"):
        tags.tag(bytes(range(32)))
