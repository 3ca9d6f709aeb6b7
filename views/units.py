"""The tree of units: how it is browsed and changed. Source: DOMAIN §1, §2."""
