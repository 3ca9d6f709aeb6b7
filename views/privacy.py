"""What is held about somebody: shown, exported, forgotten. Source: DOMAIN §12."""
