"""People as staff see them: search, cards, entering, suspending, merging. Source: DOMAIN §1, §2."""
