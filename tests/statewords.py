"""Counts the words of state that MicroPython's functions need, in their compiled code.

A bytecode function with more than LIMIT_WORDS words takes its frame from the heap at every call
(py/objfun.c: VM_MAX_STATE_ON_STACK). Its words are its locals and its deepest stack, and three for
each `try` or `with` inside another (py/bc.h: mp_exc_stack_t).

Sources: MicroPython 1.28, py/persistentcode.c and py/bc.h (.mpy version 6: two tables, then each
function with those inside it; the numbers stand in the prelude's signature). Many names are not
in the file but in a list that all interpreters have; so names come from the source text.
"""

import ast

from tools.boards_command import compiled

LIMIT_WORDS = 11

_VERSION = 6
_BYTECODE, _NATIVE, _VIPER = range(3)
_GENERATOR = 1  # scope flag
_TERMINATED, _PLAIN, _TUPLE = (5, 6), (7, 8, 9), 10  # kinds of constants; below 5: no content
_SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.DictComp, ast.SetComp)
_SCOPES += (ast.GeneratorExp,)


class _Reader:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, n):
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self):
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value

    def skip_name(self):
        n = self.number()
        if not n & 1:  # otherwise its place in the common list
            self.take((n >> 1) + 1)

    def skip_constant(self):
        kind = self.take(1)[0]
        if kind == _TUPLE:
            for _ in range(self.number()):
                self.skip_constant()
        elif kind in _TERMINATED + _PLAIN:
            self.take(self.number() + (kind in _TERMINATED))

    def function(self):
        """Return (words, None for what has no frame of its own to take; inner functions)."""
        head = self.number()
        words = None
        if head & 3 == _BYTECODE:
            words = _words(self.take(head >> 3))
        else:
            self.take(head >> 3)
            flags = self.number()  # machine code: where its prelude is, or its scope's flags
            assert head & 3 == _VIPER and flags < 0x10, "a kind of machine code not known here"
        inner = self.number() if head & 4 else 0
        return words, [self.function() for _ in range(inner)]


def _words(code):
    # xSSSSEAA, then xFSSKAED repeated: bits of the state, the exceptions and the flags.
    state, exceptions, flags = code[0] >> 3 & 15, code[0] >> 2 & 1, 0
    at = 0
    while code[at] & 0x80:
        byte = code[at + 1]
        state |= (byte & 0x30) << 2 * at
        exceptions |= (byte & 0x02) << at
        flags |= (byte >> 6 & 1) << at
        at += 1
    return None if flags & _GENERATOR else state + 1 + 3 * exceptions


def _scopes(node):
    """Yield what becomes a function of its own directly inside `node`, in order."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _SCOPES):
            yield child
        else:
            yield from _scopes(child)


def _named(node, code, above):
    words, inner = code
    scopes = list(_scopes(node))
    assert len(scopes) == len(inner), f"{above}: source and code differ"
    for scope, code in zip(scopes, inner, strict=True):
        name = above + getattr(scope, "name", f"<{type(scope).__name__.lower()}>")
        if code[0] is not None and not isinstance(scope, ast.ClassDef):
            yield name, code[0]
        yield from _named(scope, code, name + ".")


def state_words(path):
    """Return [(name, words)] of every function in a source file, methods as `Class.method`.

    Generators are left out, because they live in the heap anyway, machine code, which has no such
    frame, and the bodies of modules and classes, which run once.
    """
    reader = _Reader(compiled(path, "xtensawin"))
    magic, version = reader.take(4)[:2]
    assert (magic, version) == (ord("M"), _VERSION)
    names, constants = reader.number(), reader.number()
    for _ in range(names):
        reader.skip_name()
    for _ in range(constants):
        reader.skip_constant()
    code = reader.function()
    assert reader.at == len(reader.data)
    return list(_named(ast.parse(path.read_text(encoding="utf-8")), code, ""))
