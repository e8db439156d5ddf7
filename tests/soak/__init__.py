"""The long tests: run by `make soak`."""
