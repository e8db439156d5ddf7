"""Stores: what they hold in memory, and the file they keep."""
