"""Each subcommand, as people type and press it."""
