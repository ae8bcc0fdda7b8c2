"""Language and theme: one form post each, so that they work without script."""

from fastapi import Request
from starlette.responses import RedirectResponse

from app.core.i18n import languages
from app.web.forms import PostedForm, local_path, text
from app.web.render import THEMES
from app.web.unit import router

preferences = router()

_A_YEAR = 365 * 24 * 3600


@preferences.post("/preferences/language", name="set-language", include_in_schema=False)
def set_language(request: Request, form: PostedForm) -> RedirectResponse:
    """Remember the language of this browser."""
    response = RedirectResponse(local_path(text(form, "next")), 303)
    if text(form, "lang") in languages():
        response.set_cookie("lang", text(form, "lang"), max_age=_A_YEAR, samesite="lax", httponly=True)
    return response


@preferences.post("/preferences/theme", name="set-theme", include_in_schema=False)
def set_theme(request: Request, form: PostedForm) -> RedirectResponse:
    """Remember light, dark or as the device says."""
    response = RedirectResponse(local_path(text(form, "next")), 303)
    if text(form, "theme") in THEMES:
        response.set_cookie("theme", text(form, "theme"), max_age=_A_YEAR, samesite="lax", httponly=True)
    return response
