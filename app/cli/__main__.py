"""``python -m app.cli`` is ``ftz``."""

from app.cli import main

main()
