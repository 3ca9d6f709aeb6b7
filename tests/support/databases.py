"""Which database a test runs on. Left alone, whatever asks for ``store`` runs on both."""

from __future__ import annotations

import pytest

SQLITE = "sqlite"
POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)

on_sqlite = pytest.mark.parametrize("database", [SQLITE], indirect=True)
"""For what is SQLite's alone by nature."""

on_postgres = pytest.mark.parametrize("database", [POSTGRES], indirect=True)
"""For what is PostgreSQL's alone by nature."""
