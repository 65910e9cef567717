"""Stands for micropython-lib's `unittest` on MicroPython's unix port, which has none.

As much as tests/device uses; anything else is an AttributeError. The real one runs the same files
on WebAssembly, where it is frozen in.
"""


class SkipTest(Exception):
    pass


class TestCase:
    def setUp(self):
        pass

    def tearDown(self):
        pass

    def skipTest(self, reason):
        raise SkipTest(reason)

    def fail(self, message):
        raise AssertionError(message)

    def assertTrue(self, x, message="not true"):
        assert x, message

    def assertEqual(self, x, y):
        assert x == y, "%r vs (expected) %r" % (x, y)

    def assertNotEqual(self, x, y):
        assert x != y, "%r not expected" % (x,)

    def assertIn(self, x, y, message="not in it"):
        assert x in y, message

    def assertIsNone(self, x):
        assert x is None, "%r is not None" % (x,)

    def assertRaises(self, expected, work, *words):
        try:
            work(*words)
        except expected:
            return
        raise AssertionError("%r not raised" % expected)


class TestResult:
    def __init__(self):
        self.skipped, self.failures, self.errors = [], [], []


class TestSuite:
    def __init__(self, name):
        self._cases = []

    def addTest(self, case):
        self._cases.append(case)

    def run(self, result):
        for case in self._cases:
            for name in dir(case):
                if name.startswith("test"):
                    self._run(case(), name, result)

    def _run(self, test, name, result):
        about = (name, type(test))
        test.setUp()
        try:
            getattr(test, name)()
        except SkipTest as error:
            result.skipped.append((about, error.args[0]))
        except AssertionError as error:
            result.failures.append((about, "AssertionError: %s" % error))
        except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
            result.errors.append((about, repr(error)))
        finally:
            test.tearDown()
