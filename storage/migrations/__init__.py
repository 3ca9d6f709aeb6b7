"""Alembic's scripts; ``storage/migrate.py`` runs them."""
