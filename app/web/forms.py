"""Reading posted forms: every HTML form passes here, and none passes without its token."""

import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import FormData

from app.core.auth.tokens import csrf_matches
from app.core.errors import DomainError, NotFound
from app.core.kit.ids import key_of

MAX_FIELDS = 2000
OWNER = "form_owner"
"""Hidden field that says, sealed, to whom a form was shown."""


class TokenMismatch(DomainError):
    """A form without the browser's own token: forged, or from a page that outlived its session."""

    code = "csrf"
    status = 403
    title = "The form has grown too old."
    detail = "Its security token does not belong to your present session. Nothing was changed."
    hint = "Go back, reload the page and send the form again."


async def read_form(request: Request) -> AsyncIterator[FormData]:
    """
    Give the posted form, and close its files when the request is over.

    :raises TokenMismatch: the token is missing or belongs to another browser.
    """
    form = request.state.posted_form = await request.form(max_fields=MAX_FIELDS)
    try:
        if not csrf_matches(request.state.csrf_secret, str(form.get("csrf_token", ""))):
            raise TokenMismatch
        yield form
    finally:
        await form.close()


PostedForm = Annotated[FormData, Depends(read_form)]


def text(form: FormData, name: str) -> str:
    """Return the text of a field without what no column holds (NUL), empty when it is missing or a file."""
    value = form.get(name, "")
    return value.replace("\0", "") if isinstance(value, str) else ""


def whole(form: FormData, name: str) -> int:
    """Return the number of a field that a page fills, such as a version; 0 when it holds none."""
    return whole_number(text(form, name))


def whole_number(value: str) -> int:
    """Return a text of at most nine digits as a number, which fits a column; 0 for any other."""
    return int(value) if re.fullmatch("[0-9]{1,9}", value) else 0


def needed_key(value: str) -> UUID:
    """
    Return the key that a page put into its form or its address.

    :raises NotFound: the text is none; nobody can have been shown it.
    """
    key = key_of(value)
    if key is None:
        raise NotFound
    return key


def local_path(target: str, default: str = "/") -> str:
    """Return a path of this site; whatever leads elsewhere becomes the default (no open redirect)."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    return target
