"""What runs on a PC: the simulated world, the evidence reader, docking, shift planning,
flashing.
"""
