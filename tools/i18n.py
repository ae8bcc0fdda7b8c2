"""Bring the message catalogues up to date with the source, or check that they are.

Usage: python -m tools.i18n update|check

``update`` adds new messages with an empty translation and removes those that no source holds; the file is
sorted and free of line numbers and dates, so that two people's changes rarely touch the same lines.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po

from app.core.i18n.catalogue import LOCALE_DIR
from app.core.i18n.extraction import Message, catalogue_problems, extract_messages, read_catalogue

ROOT = Path(__file__).parent.parent / "app"


def _header(catalogue: Catalog) -> str:
    """Return a header with what a reader of the file needs and nothing that changes by itself."""
    fields = {
        "Language": str(catalogue.locale_identifier),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": catalogue.plural_forms,
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n'


def _updated(lang: str, wanted: frozenset[Message]) -> str:
    old = read_catalogue(lang)
    new = Catalog(locale=lang, fuzzy=False)
    for message in wanted:
        msgid = (message.text, message.plural) if message.plural else message.text
        known = old.get(msgid, message.context or None)
        new.add(msgid, known.string if known else None, context=message.context or None)
    body = io.BytesIO()
    write_po(body, new, width=100, no_location=True, omit_header=True, sort_output=True)
    return _header(new) + body.getvalue().decode().strip() + "\n"


def main(command: str) -> int:
    """Run one command over every catalogue; return the exit status."""
    wanted = extract_messages(ROOT)
    status = 0
    for path in sorted(LOCALE_DIR.glob("*.po")):
        if command == "update":
            path.write_text(_updated(path.stem, wanted), encoding="utf-8")
        problems = catalogue_problems(read_catalogue(path.stem), wanted)
        for problem in problems:
            print(f"{path.stem}: {problem}")
        print(f"{path.stem}: {len(wanted)} messages, {len(problems)} problems")
        status |= bool(problems)
    return status


if __name__ == "__main__":
    if sys.argv[1:] not in (["update"], ["check"]):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
