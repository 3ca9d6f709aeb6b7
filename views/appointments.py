"""Appointments: granted and ended, deputies, expiry, and the hand-over of open work. Source: DOMAIN §1, §2."""
