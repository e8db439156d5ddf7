"""TrackingMore v2: its operations as the vendor names them, and the port that the services use."""

from bot.providers.trackingmore.provider import TrackingMore

__all__ = ["TrackingMore"]
