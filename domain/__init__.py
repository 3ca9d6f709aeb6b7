"""The rules of the house, pure: no I/O, no clock, no chance. They come in as parameters."""
