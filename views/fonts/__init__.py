"""The house's font: a part of Noto Sans CJK SC under the SIL Open Font License (``OFL.txt``)."""

from __future__ import annotations

from pathlib import Path

FONT_FILE = Path(__file__).parent / "NotoSansSC-Regular.ttf"
