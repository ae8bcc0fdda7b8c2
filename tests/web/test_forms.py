"""What pages put into their forms comes back, or nobody was shown the form."""

import pytest

from app.core.errors import NotFound
from app.core.kit.ids import uuid7
from app.web.forms import needed_key


def test_a_key_that_a_page_gave_is_taken():
    given = uuid7()
    assert needed_key(str(given)) == given


@pytest.mark.parametrize("text", ["", "1", "../admin"])
def test_what_no_page_gave_is_not_found(text: str):
    with pytest.raises(NotFound):
        needed_key(text)
