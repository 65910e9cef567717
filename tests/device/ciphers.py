"""AES and SHA-256 give the answers that NIST published; long pieces as short ones."""

import hashlib
import unittest
from binascii import hexlify, unhexlify

from cryptolib import aes

from bodycam.keys import cmac

# SP 800-38A, F.1.5 and F.2.5; SP 800-38B, D.3, whose messages begin as those do.
_KEY = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
_IV = "000102030405060708090a0b0c0d0e0f"
_TEXT = (
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
_ECB = (
    "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
    "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7"
)
_CBC = (
    "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
    "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b"
)
_TAGS = {
    0: "028962f61b7bf89efc6b551f4667d983",
    16: "28a7023f452e8f82bd4bf28d8c37c35c",
    40: "aaf3d8f1de5640c232f5b169b9c911e6",
    64: "e1992190549f6ed5696a2c056c315410",
}


class Ciphers(unittest.TestCase):
    """The module `cryptolib`, and what the firmware makes of it."""

    def setUp(self):
        self.key, self.iv, self.text = (unhexlify(word) for word in (_KEY, _IV, _TEXT))

    def test_ecb(self):
        self.assertEqual(hexlify(aes(self.key, 1).encrypt(self.text)).decode(), _ECB)

    def test_cbc_both_ways(self):
        secret = aes(self.key, 2, self.iv).encrypt(self.text)
        self.assertEqual(hexlify(secret).decode(), _CBC)
        self.assertEqual(aes(self.key, 2, self.iv).decrypt(secret), self.text)

    def test_a_block_of_16_kib_in_place_is_as_its_pieces_are(self):
        whole, pieces = bytearray(16384), bytearray(16384)
        aes(self.key, 2, self.iv).encrypt(whole, whole)
        chain = aes(self.key, 2, self.iv)
        view = memoryview(pieces)
        for at in range(0, 16384, 512):
            chain.encrypt(view[at : at + 512], view[at : at + 512])
        self.assertEqual(whole, pieces)
        self.assertNotEqual(whole[:16], whole[16:32])

    def test_cmac(self):
        tag = bytearray(16)
        for n, wanted in _TAGS.items():
            cmac(aes, self.key, self.text[:n], tag)
            self.assertEqual(hexlify(tag).decode(), wanted)

    def test_sha256(self):
        wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        self.assertEqual(hexlify(hashlib.sha256(b"abc").digest()).decode(), wanted)
