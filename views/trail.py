"""The audit trail: searched, sealed and checked. Source: DOMAIN §12."""
