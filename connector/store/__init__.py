"""The store: SQLite (and PostgreSQL by another URL) behind `connector.ports.store`. One file a concern.

Nothing is imported here on purpose: the children that read shards import `connector.store.shards`, and must not load SQLAlchemy or sqlite3
by it.
"""
