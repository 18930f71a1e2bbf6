"""The one place that speaks to Elasticsearch."""

from mentions.store.connection import Store, open_store

__all__ = ["Store", "open_store"]
