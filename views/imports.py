"""Imports of units and people from a sheet, and their export. Source: DOMAIN §2."""
