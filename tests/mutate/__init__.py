"""Mutation: the code is broken in every small way, and a test must notice. `make mutate` runs `__main__`."""
