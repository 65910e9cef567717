"""What every simulated I2C chip has: power, faults, and registers read and written one by one."""

from tools.sim.world import ChipError


class I2CChip:
    """A chip with an address. A subclass gives `get(reg)`, `put(reg, value)` and `restore()`.

    Faults: `absent` (not fitted), `nack` (fitted, does not answer), `stuck` {register: value read
    whatever it is}, `brown_out()`. `powered` is False while its supply is off; it does not answer
    then.
    """

    WIDTH = 1  # bytes a register

    def __init__(self, world, board, address):
        self.world = world
        self.board = board
        self.address = address
        self.absent = False
        self.stuck = {}
        self.powered = True
        self._nack = False

    @property
    def nack(self):
        """Whether the chip does not answer, for its supply or for a fault."""
        return self._nack or not self.powered

    @nack.setter
    def nack(self, on):
        self._nack = on

    def power(self, on):
        """Switch the supply; switched on, the chip starts from its reset state."""
        self.powered = on
        self.restore()

    def brown_out(self):
        """Lose all registers in a dip of the supply that the processor survives."""
        self.restore()

    def read(self, reg, buf):
        """Fill `buf` from register `reg` on."""
        for i in range(len(buf)):
            buf[i] = self.get(reg + i)
        if self.stuck:
            self._stick(reg, buf)

    def _stick(self, reg, buf):
        for i in range(len(buf)):
            buf[i] = self.stuck.get(reg + i, buf[i])

    def write(self, reg, data):
        """Write `data` to register `reg` on."""
        for i in range(len(data)):
            self.put(reg + i, data[i])

    def unknown(self, reg, what="register"):
        """Complain that the driver used a register, or a value, that does not exist."""
        raise ChipError("%s: no %s 0x%02x" % (type(self).__name__, what, reg))


def gauge_lies(word, pct, nonsense):
    """Return what a gauge says of a battery at `pct` from the act `gauge WORD` on: a number, or
    several that it alternates between; None: the truth.
    """
    lies = {"stuck": pct, "jump": (pct, 3, 97, pct), "wild": nonsense, "reset": 50}
    return lies.get(word)
