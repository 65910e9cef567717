"""The line to a camera: a serial port with MicroPython's raw REPL at its other end, by mpremote.

Whatever goes wrong with it is a `LinkError`, one line with its remedy.
"""

import base64
import contextlib
import errno
import io
import json
import os
import struct
import time
from pathlib import Path

import typer
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException
from serial.tools import list_ports

_AGENT = Path(__file__).with_name("on_camera.py")
_ENTER_S = 3
_TALK_S = 6  # for one try, however much comes
_TRIES = 2
_LOOK_S = 0.2
_READ_S = 10  # the camera's longest silence: an erase of its flash, a digest
_CHUNK_BYTES = 1536  # as base64 one window of the raw paste mode and a half on an ESP32

_LOST = (
    "the line to the camera is gone: look at the cable, then run the same command again; "
    "it goes on where it was"
)
_SILENT = (
    "{port} answers nothing, or not as MicroPython does: is this the camera's port, is it "
    "switched on, is MicroPython on it?"
)


class LinkError(OSError):
    """The camera cannot be reached, or does not do what it was told; one line with the remedy."""


class CameraError(LinkError):
    """The camera answered with an error; `number` is its errno, 0 if it has none."""

    def __init__(self, text, number=0):
        super().__init__(text)
        self.number = number


def ports():
    """Return [(device, what it calls itself)] of the serial ports with something on USB."""
    return [(p.device, p.description) for p in list_ports.comports() if p.vid is not None]


def choose(port):
    """Return the port that was named, or else the only one that there is.

    Raises:
        LinkError: none was named, and there are none or several.
    """
    if port:
        return port
    found = ports()
    if len(found) == 1:
        return found[0][0]
    if found:
        names = ", ".join(f"{device} ({what})" for device, what in found)
        raise LinkError(f"several serial ports: name one with --port; there are {names}")
    raise LinkError(
        "no camera: no serial port has anything on it; use a cable that carries data, and on "
        "Windows before 10 a driver"
    )


class Link:
    """A camera at its raw REPL, its own program stopped. A context manager: it closes the port.

    `seen` grows by each word of what was reached: "port", "prompt".

    Raises:
        BadParameter: no such port, or it is not a serial port.
        LinkError: somebody else has it, or nothing answers within 12 s.
    """

    def __init__(self, port):
        self.port = port
        self.seen = []
        self._transport = None
        try:
            self._open()
            self.seen.append("port")
            self._enter()
            self.seen.append("prompt")
            with self._guard():
                self._transport.exec(_AGENT.read_bytes())
        except BaseException as error:
            self.close()
            if isinstance(error, LinkError):
                error.seen = self.seen
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the port; does nothing when it is closed."""
        if self._transport:
            with contextlib.suppress(OSError, ValueError, TypeError):
                self._transport.close()
            self._transport = None

    def call(self, name, *words):
        """Return what the function `name` of on_camera.py (or of `load`) returns. What it prints
        before that is lost.

        Raises:
            CameraError: the function failed there.
            LinkError: the line was lost.
        """
        with self._guard():
            printed = self._transport.exec(f"tell({name}, *{words!r})")
        try:
            told = json.loads(printed.rstrip().rpartition(b"\n")[2])
        except ValueError:
            raise LinkError(f"the camera said {printed[:60]!r} instead of an answer; try again")
        if "error" in told:
            raise CameraError(f"on the camera: {told['error']}", told["errno"])
        return told["is"]

    def load(self, path):
        """Give the camera the functions of one more file, for `call`."""
        with self._guard():
            self._transport.exec(path.read_bytes())

    def put(self, path, data, progress=None):
        """Write `data` to a file on the camera; call `progress(bytes)` as it goes.

        Raises:
            CameraError: it has no room, or its flash fails.
        """
        self.call("begin", path)
        for at in range(0, len(data), _CHUNK_BYTES):
            piece = data[at : at + _CHUNK_BYTES]
            self.call("write", base64.b64encode(piece).decode())
            if progress:
                progress(len(piece))
        self.call("end")

    def flood(self, kib):
        """Return the bytes per second at which the camera's output arrives, `kib` KiB of it."""
        line = f"import sys\nfor _ in range({kib}): sys.stdout.write('{'x' * 64}' * 16)"
        began_s = time.monotonic()
        with self._guard():
            got = len(self._transport.exec(line))
        return round(got / (time.monotonic() - began_s))

    def restart(self):
        """Let the camera start anew, as after power-on."""
        with self._guard():
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
            time.sleep(0.2)  # the bytes leave before the port closes

    # Inside

    def _open(self):
        try:
            with _quiet():
                self._transport = SerialTransport(self.port, timeout=_LOOK_S)
                _read_ahead(self._transport.serial)
        except (TransportError, OSError, ValueError) as error:
            raise LinkError(_why_closed(self.port, error))

    def _enter(self):
        for last in [False] * (_TRIES - 1) + [True]:
            try:
                with _quiet(), _bounded(self._transport.serial):
                    # A soft reset ends what is left of a program and gives its memory back.
                    self._transport.enter_raw_repl(soft_reset=True, timeout_overall=_ENTER_S)
                    self._transport.serial.timeout = _READ_S
                return
            except TransportError:
                if last:
                    raise LinkError(_SILENT.format(port=self.port))
            except (OSError, ValueError, TypeError) as error:
                raise LinkError(_LOST) from error

    @contextlib.contextmanager
    def _guard(self):
        try:
            with _quiet():
                yield
        except TransportExecError as error:
            line = error.error_output.strip().splitlines()[-1]
            raise CameraError(f"on the camera: {line}")
        except (TransportError, SerialException, OSError, struct.error) as error:
            raise LinkError(_LOST) from error
        except (ValueError, TypeError, AttributeError) as error:  # pyserial, when closed meanwhile
            raise LinkError(_LOST) from error


def _read_ahead(serial):
    # mpremote asks the port for every byte alone, which costs more than all that is done with it.
    read, waiting, ahead = serial.read, serial.inWaiting, bytearray()

    def read_from_ahead(size=1):
        if len(ahead) < size:
            ahead.extend(read(max(size - len(ahead), waiting())))
        data = bytes(ahead[:size])
        del ahead[:size]
        return data

    serial.read, serial.inWaiting = read_from_ahead, lambda: len(ahead) or waiting()


@contextlib.contextmanager
def _bounded(serial):
    # mpremote looks at the clock only while nothing comes: what never pauses would hold it.
    read, end_s = serial.read, time.monotonic() + _TALK_S

    def read_in_time(size):
        if time.monotonic() > end_s:
            raise TransportError("it does not stop talking")
        return read(size)

    serial.read = read_in_time
    try:
        yield
    finally:
        serial.read = read


def _quiet():
    # mpremote prints what it did not expect.
    return contextlib.redirect_stdout(io.StringIO())


def _why_closed(port, error):
    # mpremote keeps the reason to itself: ask the system. What is no port is a wrong --port.
    if os.name != "nt" and not os.path.exists(port):
        found = ", ".join(device for device, _ in ports()) or "none"
        raise typer.BadParameter(
            f"no port {port}: is the camera plugged in and switched on? Ports found: {found}"
        )
    try:
        import serial

        serial.Serial(port, exclusive=True).close()
    except OSError as refused:
        error = refused
    number = getattr(error, "errno", None)
    if number == errno.EISDIR or f"({errno.ENOTTY}," in str(error):
        raise typer.BadParameter(f"{port} is no serial port: name the camera's with --port")
    if number == errno.EACCES:
        return (
            f"{port} may not be opened: on Linux join the group dialout, then log in again; on "
            "Windows close the program that has it"
        )
    if number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        return f"{port} is in use: close the terminal, dock or editor that has it open"
    return f"{port} cannot be opened: {error}"
