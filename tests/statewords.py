"""Counts the words of state that MicroPython's functions need, in their compiled code.

A bytecode function with more than LIMIT_WORDS words takes its frame from the heap at every call
(py/objfun.c: VM_MAX_STATE_ON_STACK). Its words are its locals and its deepest stack, and three for
each `try` or `with` inside another (py/bc.h: mp_exc_stack_t).

Sources: MicroPython's py/persistentcode.c and py/bc.h: an .mpy file of version 6 has two tables,
then the module; each function is followed by those inside it. The names come from the source text.
"""

import ast
import io

from tools.boards_command import compiled

LIMIT_WORDS = 11

_VERSION = 6
_BYTECODE, _VIPER = 0, 2
_GENERATOR = 1  # scope flag
_STRINGS, _NUMBERS, _TUPLE = (5, 6), (7, 8, 9), 10  # kinds of constants; those below are empty
_COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, *_COMPREHENSIONS)


def _number(file):
    value, byte = 0, 0x80
    while byte & 0x80:
        byte = file.read(1)[0]
        value = value << 7 | byte & 0x7F
    return value


def _skip_name(file):
    n = _number(file)
    if not n & 1:  # otherwise it is a place in the interpreter's list
        file.read((n >> 1) + 1)


def _skip_constant(file):
    kind = file.read(1)[0]
    if kind == _TUPLE:
        for _ in range(_number(file)):
            _skip_constant(file)
    elif kind in _STRINGS + _NUMBERS:
        file.read(_number(file) + (kind in _STRINGS))


def _function(file):
    """Return (words or None, the functions inside)."""
    head = _number(file)
    code, words = file.read(head >> 3), None
    if head & 3 == _BYTECODE:
        words = _words(code)
    else:
        assert head & 3 == _VIPER and _number(file) < 0x10, "machine code of a kind not known here"
    return words, [_function(file) for _ in range(_number(file) if head & 4 else 0)]


def _words(code):
    # xSSSSEAA, then xFSSKAED repeated: the bits of state, exceptions and flags.
    state, exceptions, flags, at = code[0] >> 3 & 15, code[0] >> 2 & 1, 0, 0
    while code[at] & 0x80:
        state |= (code[at + 1] & 0x30) << 2 * at
        exceptions |= (code[at + 1] & 0x02) << at
        flags |= (code[at + 1] >> 6 & 1) << at
        at += 1
    return None if flags & _GENERATOR else state + 1 + 3 * exceptions


def _scopes(node):
    for child in ast.iter_child_nodes(node):
        yield from [child] if isinstance(child, _SCOPES) else _scopes(child)


def _named(node, functions, above=""):
    for scope, (words, inner) in zip(_scopes(node), functions, strict=True):
        name = above + getattr(scope, "name", f"<{type(scope).__name__.lower()}>")
        if words is not None and not isinstance(scope, ast.ClassDef):
            yield name, words
        yield from _named(scope, inner, name + ".")


def state_words(path):
    """Return [(name, words)] of the functions in a source file, methods as `Class.method`.

    Generators are left out, because they live in the heap anyway, machine code, which has no such
    frame, and the bodies of modules and classes, which run once.
    """
    file = io.BytesIO(compiled(path, "xtensawin"))
    assert file.read(4)[:2] == bytes((ord("M"), _VERSION))
    names, constants = _number(file), _number(file)
    for _ in range(names):
        _skip_name(file)
    for _ in range(constants):
        _skip_constant(file)
    _, functions = _function(file)
    assert not file.read()
    return list(_named(ast.parse(path.read_text(encoding="utf-8")), functions))
