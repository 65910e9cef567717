"""The body camera: procedure, recorder, evidence log. Joined to a board by app.py alone."""

VERSION = "0.1.0"
