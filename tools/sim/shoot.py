"""Takes the README's pictures and its short animation from the page itself:

    .venv/bin/python -m tools.sim.shoot

It needs the group `test` (Playwright) and a Chromium, which `tools/chromium.py` finds.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image

from tools import chromium
from tools.sim import export

PICTURES = Path(__file__).resolve().parent / "pictures"
_ACTS = "0.boot_0.mood.1_2500.press.1_6000.mood.2_6500.press.2_12500.press.1"
_FILM_MS = range(1500, 14_001, 250)
_FRAME_MS = 125
_FILM_PX = (640, 456)
_WAIT_MS = 20


def shoot(folder=PICTURES):
    """Write page.webp (the film), page.png and page-phone.png into `folder`."""
    with tempfile.TemporaryDirectory() as place, chromium.browser() as (browser, source):
        print(f"pictures by a Chromium, {source}")
        address = export.export(place).as_uri() + f"#lang=en&acts={_ACTS}&to="
        wide = _open(browser, address + "5500", {"width": 1280, "height": 912})
        wide.screenshot(path=folder / "page.png")
        frames = []
        for ms in _FILM_MS:
            if not frames:
                wide = _open(browser, address + str(ms), {"width": 1280, "height": 912})
            wide.evaluate(f"bodycam.time.runTo({ms})")
            shot = Image.open(io.BytesIO(wide.screenshot())).convert("RGB")
            frames.append(shot.resize(_FILM_PX, Image.Resampling.LANCZOS))
        first, *rest = frames
        film = folder / "page.webp"
        first.save(
            film,
            save_all=True,
            append_images=rest,
            duration=_FRAME_MS,
            loop=0,
            quality=72,
            method=6,
        )
        phone = _open(
            browser,
            address.replace("lang=en", "lang=de") + "8000",
            {"width": 390, "height": 844},
            color_scheme="dark",
            device_scale_factor=2,
        )
        phone.screenshot(path=folder / "page-phone.png")


def _open(browser, address, size, **options):
    """Return a page whose camera stands still where the link says."""
    page = browser.new_context(viewport=size, **options).new_page()
    page.goto(address)
    while not page.evaluate("document.documentElement.dataset.ready"):
        page.wait_for_timeout(_WAIT_MS)
    return page


if __name__ == "__main__":
    shoot()
