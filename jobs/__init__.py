"""What the clock asks, and what leaves: delivery, settlement, visits that come due, retention."""
