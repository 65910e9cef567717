# on: unix
"""Both kernels of the doubled picture do the same, and a picture takes nothing from the heap."""

from array import array

import micropython

from bodycam import zoom, zoom_plain, zoom_viper

source = bytearray(i * 7 + (i >> 8) & 0xFF for i in range(128 * 128 * 2))
for shape in ((10 + 14 * 128, 128, 108, 8), (0, 128, 128, 1), (5, 128, 1, 3)):
    shape = array("i", shape)
    n = 8 * shape[2] * shape[3]
    one, two = bytearray(n), bytearray(n)
    zoom_plain.double(source, one, shape)
    zoom_viper.double(source, two, shape)
    assert one == two

assert zoom.double is zoom_viper.double


class Display:
    size_px = (240, 240)
    sent = 0

    def window(self, x, y, w, h, order):
        return 0

    def send(self, window, pixels):
        self.sent += len(pixels)


display = Display()
drawn = zoom.Zoom(display, (128, 128), 12, 182)
drawn.move(12)
drawn.draw(source)
assert display.sent == 216 * 170 * 2
before = micropython.mem_total()
for _ in range(20):
    drawn.draw(source)
assert micropython.mem_total() == before
print("ok")
