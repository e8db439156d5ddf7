"""Fuzzing: mutated inputs against all that reads what others wrote. `make fuzz` runs it, `__main__` explains it."""
