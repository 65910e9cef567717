"""The few lines that run most often: as machine code where the interpreter has viper, in plain
bytecode elsewhere. Both do the same.
"""

try:
    from bodycam.kernel_viper import describe, double, mix, piece, release, reserve
except (ImportError, SyntaxError, AttributeError, ValueError):
    from bodycam.kernel_plain import describe, double, mix, piece, release, reserve

__all__ = ("describe", "double", "mix", "piece", "release", "reserve")
