"""The simulated camera: chips at register level, its buses, and the world around it."""
