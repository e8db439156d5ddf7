"""Pictures of Waybill, for eyes and for the README."""
