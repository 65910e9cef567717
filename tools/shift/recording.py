"""The camera's side of a discharge log: what `doctor` puts onto a camera and takes from it again.

A cable charges, so nothing can be watched: CODE runs in place of main.py, lets the camera work as
ever, and appends a line a minute to a file of its own.
"""

FILE = "/discharge.csv"

CODE = (
    """
import time
import board
from bodycam.app import App

app = App(board)
app.start()
began = last = time.ticks_ms()
seconds = 0
while True:
    wait_ms = app.step()
    if wait_ms:
        app.rest(min(wait_ms, 5000))
    now = time.ticks_ms()
    if time.ticks_diff(now, last) >= 60000:
        seconds += time.ticks_diff(now, last) // 1000
        last = now
        power = app.power
        try:
            share = app.chips.gauge.charge_pct100()
        except OSError:
            share = None
        if share is not None and not power.cable:
            with open("%s", "a") as file:
                file.write("%%d,%%s,%%.2f\\n" %% (seconds, power.stage, share / 100))
"""
    % FILE
)
