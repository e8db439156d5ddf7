"""The proof machinery: crash points, a deterministic simulation of the core, and a checker of what is promised."""
