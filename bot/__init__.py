"""Waybill: a Slack app that follows parcels and tells their news where people talk."""

__version__ = "0.1.0"
