"""Starts the camera. For 300 ms after power-up Ctrl-C leads to the prompt, so that tools can
reach a camera in any state.
"""

import time

import board

from bodycam.app import App

time.sleep_ms(300)
App(board).run()
