"""Vietnamese and other text: one composed form, a folded form for search, and slugs."""

import re
import unicodedata
from functools import lru_cache

# U+00D0/U+00F0 (eth) is what older keyboards and code pages wrote for the Vietnamese Đ.
_CROSSED_D = str.maketrans({"đ": "d", "ð": "d"})
_INVISIBLE = "Cf"
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def nfc(text: str) -> str:
    """Compose the text (Unicode NFC), the only form in which text is stored and compared."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """
    Reduce a text to what a search compares: no case, no accents, đ as d, words parted by one space.

    Punctuation and symbols become spaces, invisible characters vanish. Folding twice changes nothing.
    The same function folds what is stored and what is asked for.
    """
    # Casefolding may bring new marks (İ becomes i with a dot above) and decomposition new capitals.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(_folded_character(character) for character in text.translate(_CROSSED_D))
    return nfc(" ".join(kept.split()))


def slug(text: str, *, max_length: int = 80) -> str:
    """
    Make the part of an address or file name that names a thing: `a-z`, `0-9` and single dashes.

    Whole words are kept when the text is too long. Empty when the text has no such character.

    :param max_length: at least 1.
    :raises ValueError: `max_length` below 1.
    """
    if max_length < 1:
        raise ValueError("A slug holds at least one character.")
    words = _NOT_SLUG.sub("-", fold(text)).strip("-")
    if len(words) <= max_length:
        return words
    whole_words = words[: max_length + 1].rpartition("-")[0]
    return whole_words or words[:max_length]


# Texts repeat their few characters: a table of those seen costs less than asking what each is.
@lru_cache(maxsize=4096)
def _folded_character(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LN" or category == "Mc":
        return character
    return "" if category[0] == "M" or category == _INVISIBLE else " "
