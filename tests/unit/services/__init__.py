"""What the core does, on fakes that can be interrupted."""
