"""The few lines that run most often: as machine code where the interpreter has viper, in plain
bytecode elsewhere. Both do the same.
"""

try:
    from bodycam.kernel_viper import mix, reserve
except (ImportError, SyntaxError, AttributeError, ValueError):
    from bodycam.kernel_plain import mix, reserve

__all__ = ("mix", "reserve")
