"""Everything that touches the database: one MetaData, one module of SQL per noun, and ``unit.py``, the only door."""
