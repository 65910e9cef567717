# on: unix
"""A function with eleven words of state takes nothing from the heap, one with twelve its frame."""

import micropython


def eleven(a):
    b = c = d = e = f = a
    return b + (c + (d + (e + f)))


def twelve(a):
    b = c = d = e = f = a
    return b + (c + (d + (e + (f + a))))


def eleven_with_try(a):
    try:
        b = a
        return a + b
    except OSError:
        pass


def twelve_with_try(a):
    try:
        b = c = a
        return b + (c + (b + c))
    except OSError:
        pass


def taken_bytes(function):
    before = micropython.mem_total()
    function(1)
    return micropython.mem_total() - before


taken_bytes(eleven)
for function in (eleven, eleven_with_try):
    assert taken_bytes(function) == 0, function
for function in (twelve, twelve_with_try):
    assert taken_bytes(function) > 12 * 8, function
print("ok")
