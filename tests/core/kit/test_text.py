import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.kit.text import fold, nfc, slug


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Khu thương mại tự do Đặng Thị Ánh", "khu thuong mai tu do dang thi anh"),
        ("ĐƯỜNG SỐ 5", "duong so 5"),
        ("\u00d0\u00f4ng \u00d0\u00f4", "dong do"),
        ("Công ty  TNHH\tA&B (Việt-Nam), Ltd.", "cong ty tnhh a b viet nam ltd"),
        ("Straße İstanbul", "strasse istanbul"),
        ("２０２６　Ｄự án", "2026 du an"),
        ("zero\u200bwidth soft\u00adhyphen", "zerowidth softhyphen"),
        ("삼성 전자", "삼성 전자"),
        ("", ""),
        (" \n.-/ ", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def test_composed_and_decomposed_text_fold_alike():
    text = "Nguyễn Thị Hồng Đào"
    assert fold(unicodedata.normalize("NFD", text)) == fold(text) == "nguyen thi hong dao"
    assert nfc(unicodedata.normalize("NFD", text)) == text


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text):
    once = fold(text)
    assert fold(once) == once


@given(st.text(max_size=60))
def test_fold_ignores_the_normal_form(text):
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text)) == fold(text)


@given(st.text(max_size=60))
def test_fold_leaves_words_parted_by_single_spaces(text):
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert all(unicodedata.category(character)[0] in "LNM" for character in folded if character != " ")


@given(st.text("aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạ ", max_size=40))
def test_fold_ignores_case_of_vietnamese(text):
    assert fold(text.upper()) == fold(text) == fold(text.title())
    assert fold(text).isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Giấy phép xây dựng!", "giay-phep-xay-dung"), ("  ", ""), ("삼성 A1", "a1"), ("--a--b--", "a-b")],
)
def test_slug(text, expected):
    assert slug(text) == expected


def test_slug_is_cut_between_words():
    assert slug("một hai ba bốn", max_length=7) == "mot-hai"
    assert slug("một hai ba bốn", max_length=8) == "mot-hai"
    assert slug("nghiêng", max_length=4) == "nghi"
    with pytest.raises(ValueError, match="at least one"):
        slug("a", max_length=0)


@given(st.text(max_size=60), st.integers(1, 30))
def test_slug_is_safe_in_an_address(text, length):
    made = slug(text, max_length=length)
    assert len(made) <= length
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", made)
    assert slug(made, max_length=length) == made
