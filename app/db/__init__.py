"""The database: tables, row-level security, migrations, and the mapping to domain types."""
