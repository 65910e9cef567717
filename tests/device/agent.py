"""Runs on the camera, after tools/flash/on_camera.py: takes modules as text, runs their tests."""

import sys


def module(name, source):
    """Make a module of `source`, without a file."""
    space = {"__name__": name}
    exec(source, space)

    class Made:
        """Stands for the module: MicroPython cannot make an empty one."""

    for key, value in space.items():
        setattr(Made, key, value)
    sys.modules[name] = Made


def allow(scratch_card):
    """Say whether all that is on the card may go."""
    sys.modules["rig"].scratch_card = scratch_card


def run(name):
    """Run the tests of a module; return [[test, "ok", "lacks" or "fail", words]]."""
    import unittest

    rows = []
    made = sys.modules[name]
    for key in dir(made):
        case = getattr(made, key)
        if isinstance(case, type) and issubclass(case, unittest.TestCase):
            rows += _run(unittest, case)
    return rows


def _run(unittest, case):
    suite, result = unittest.TestSuite(case.__name__), unittest.TestResult()
    suite.addTest(case)
    suite.run(result)
    rows = {test: "ok" for test in dir(case) if test.startswith("test")}
    words = {test: "" for test in rows}
    for state, found in (
        ("lacks", result.skipped),
        ("fail", result.failures),
        ("fail", result.errors),
    ):
        for about, text in found:
            rows[about[0]], words[about[0]] = state, text
    return [[test, rows[test], words[test]] for test in sorted(rows)]
