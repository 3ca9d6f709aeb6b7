"""A virtual environment with aiogram, made when first needed: aiogram's pydantic is not Linli's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = ("aiogram==3.31.0",)
FOLDER = Path(__file__).parent / ".venv-aiogram"


def python_with_aiogram() -> Path:
    """The interpreter of that environment. Raises `subprocess.CalledProcessError` when pip cannot fill it."""
    python = FOLDER / "bin" / "python"
    ready = FOLDER / "ready"
    if not ready.exists() or ready.read_text("utf-8").split() != list(REQUIREMENTS):
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS],
            check=True,
        )
        ready.write_text("\n".join(REQUIREMENTS), "utf-8")
    return python
