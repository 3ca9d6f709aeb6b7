"""``python -m sheets``: the process that reads one sheet (``apart.py``)."""

from sheets.apart import main

main()
