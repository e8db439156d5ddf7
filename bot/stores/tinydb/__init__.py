"""A store in one file that any TinyDB program can read: `waybill.json`."""

from bot.stores.tinydb.tables import TinyTables, open_store

__all__ = ["TinyTables", "open_store"]
