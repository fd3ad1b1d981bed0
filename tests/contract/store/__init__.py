"""What every store keeps to, asked of SQLite and PostgreSQL alike."""
