"""The long tests and the campaign of faults: `make soak` runs both, `__main__` explains the campaign."""
