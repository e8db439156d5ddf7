"""A TrackingMore v2 of our own: one account, parcels that move with a clock, and every way in which it can fail."""

from bot.sandbox.trackingmore.account import ParcelView
from bot.sandbox.trackingmore.app import Call, TrackingMore
from bot.sandbox.trackingmore.clock import CarrierClock
from bot.sandbox.trackingmore.faults import Faults
from bot.sandbox.trackingmore.life import Checkpoint
from bot.sandbox.trackingmore.tables import STORIES

__all__ = ["STORIES", "Call", "CarrierClock", "Checkpoint", "Faults", "ParcelView", "TrackingMore"]
