"""A Slack and a TrackingMore of our own, and a page to see them in: Waybill can be tried without either."""
