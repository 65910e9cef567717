"""CRC-16 of data blocks: the plain reference against CPython's own, and the choice of both."""

import binascii
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.crc16 import crc16


def test_the_check_value_of_the_algorithm():
    assert crc16(b"123456789", 0, 9) == 0x31C3


def test_the_examples_of_the_specification():
    assert crc16(b"\xff" * 512, 0, 512) == 0x7FA1  # 4.5: 512 bytes of FF


@given(st.binary(max_size=1100), st.integers(0, 20), st.integers(0, 20))
def test_any_part_of_any_buffer(data, start, end):
    start = min(start, len(data))
    n = max(0, len(data) - start - end)
    want = binascii.crc_hqx(data[start : start + n], 0)
    for buf in (data, bytearray(data), memoryview(bytearray(data))):
        assert crc16(buf, start, n) == want


@pytest.mark.parametrize("n", [16, 512])
def test_data_followed_by_its_crc_give_zero(n):
    data = bytearray(i * 7 & 0xFF for i in range(n))
    crc = crc16(data, 0, n)
    assert crc16(data + bytes((crc >> 8, crc & 0xFF)), 0, n + 2) == 0


def test_a_buffer_is_read_anew_each_time():
    data = bytearray(512)
    assert crc16(data, 0, 512) == 0
    data[511] = 1
    assert crc16(data, 0, 512) == 0x1021


def test_without_viper_the_import_fails_as_the_caller_expects():
    sys.modules.pop("drivers.crc16_viper", None)
    with pytest.raises((ImportError, SyntaxError, AttributeError, ValueError)):
        import drivers.crc16_viper  # noqa: F401
