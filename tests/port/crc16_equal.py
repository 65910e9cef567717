# on: unix
"""The viper kernel and the plain reference give the same CRC, and neither takes heap."""

import micropython

from drivers.crc16 import crc16 as plain
from drivers.crc16_viper import crc16 as viper

assert viper(b"123456789", 0, 9) == 0x31C3

data = bytearray(1200)
seed = 1
for i in range(len(data)):
    seed = (seed * 1103515245 + 12345) & 0x3FFFFFFF
    data[i] = seed >> 12 & 0xFF

for n in list(range(70)) + [511, 512, 513, 514, 515, 1100]:
    for start in (0, 1, 2, 7, 64):
        assert viper(data, start, n) == plain(data, start, n), (start, n)

view = memoryview(data)[300:812]
assert viper(view, 0, 512) == plain(data, 300, 512)
# The largest values there are: a word of ones, a value of ones.
assert viper(b"\xff" * 514, 0, 514) == plain(b"\xff" * 514, 0, 514)


def heap_bytes(crc16):
    before = micropython.mem_total()
    micropython.heap_lock()
    crc16(view, 0, 512)
    crc16(view, 0, 512)
    micropython.heap_unlock()
    return micropython.mem_total() - before


assert heap_bytes(plain) == heap_bytes(viper) == 0

print("ok")
