"""Moving the store from SQLite to PostgreSQL."""
