"""LMS signatures: the RFC's own, those of another implementation, and every flipped bit."""

import random
import runpy

import pyhsslms
import pytest
from conftest import ROOT

from bodycam.lms import verify


@pytest.fixture(scope="module")
def levels():
    """The two signatures in the RFC's test case 2: (public key, message, signature) each."""
    return runpy.run_path(str(ROOT / "tests" / "port" / "lms_rfc.py"))["LEVELS"]


def test_the_rfcs_signatures_are_good(levels):
    assert [verify(*level) for level in levels] == [True, True]


def test_any_flipped_bit_of_key_message_or_signature_is_found(levels, seed, full):
    rng = random.Random(seed)
    level = levels[0]
    for part in range(3):
        for _ in range(200 if full else 12):
            changed = [bytearray(each) for each in level]
            at = rng.randrange(len(changed[part]))
            changed[part][at] ^= 1 << rng.randrange(8)
            assert not verify(*map(bytes, changed)), (part, at)


def test_wrong_lengths_types_and_leaves_are_refused_not_raised(levels):
    public, message, signature = levels[1]
    for wrong in (b"", signature[:-1], signature + b"\0", signature[:7]):
        assert not verify(public, message, wrong)
    for wrong in (
        b"",
        public[:-1],
        b"\0\0\0\x20" + public[4:],
        public[:4] + b"\0\0\0\5" + public[8:],
    ):
        assert not verify(wrong, message, signature)
    assert not verify(public, message, b"\0\0\0\x20" + signature[4:])  # leaf 32 of 32
    assert not verify(*levels[0][:2], signature)


@pytest.mark.parametrize("digits", [1, 2, 4, 8])
def test_signatures_of_another_implementation_are_good(digits):
    kind = getattr(pyhsslms, f"lmots_sha256_n32_w{digits}")
    private = pyhsslms.LmsPrivateKey(pyhsslms.lms_sha256_m32_h5, kind)
    public = private.publicKey().serialize()
    for message in (b"", b"one", bytes(5000)):
        signature = private.sign(message)
        assert verify(public, message, signature)
        assert not verify(public, message + b"\0", signature)
