"""Figures: run by `make bench`."""
