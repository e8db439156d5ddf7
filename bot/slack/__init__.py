"""Everything that knows it is in Slack."""
