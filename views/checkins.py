"""Check-in 双报到: a member who lives here says so, and the secretary approves. Source: DOMAIN §1, §2."""
