"""How fast Linli is, beside what others would be: programs, a lean Bot API, and a table.

Every contestant is a program of its own that finds its server in `LINLI_TELEGRAM__BASE_URL` and
`LINLI_TELEGRAM__TOKEN`, as Linli does. Nothing here is imported by Linli or shipped in its wheel.
"""
