"""What people read: texts, cards, keyboards. Pure: ``(kind, params, facts, reader) → message``."""
