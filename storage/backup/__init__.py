"""Copies of the whole database: making one while everybody writes, keeping it checked, bringing it back."""
