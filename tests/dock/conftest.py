"""What the tests of the dock share."""

import os
import pty
import tty

import pytest


@pytest.fixture
def line():
    """A pty: (master, name of the port)."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)
