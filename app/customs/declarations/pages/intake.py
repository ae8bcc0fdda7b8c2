"""Files of forms of this module: received and kept, or refused by their names."""

from collections.abc import Sequence

from fastapi import Request
from starlette.datastructures import UploadFile

from app.core.documents.refusals import FileRefused
from app.core.errors import DomainError, FieldProblem
from app.core.workflow.papers.intake import KeptFile, keep_file
from app.web.render import error_texts, request_translator


def received(
    request: Request, files: Sequence[UploadFile], field: str = "files"
) -> tuple[list[KeptFile], list[FieldProblem]]:
    """Keep the files that may be kept; each refusal names its file."""
    store = request.app.state.kernel.store
    kept: list[KeptFile] = []
    problems: list[FieldProblem] = []
    for each in files:
        name = each.filename or "file"
        try:
            kept.append(keep_file(store, stream=each.file, filename=name))
        except FileRefused as refusal:
            problems.append(refused(request, refusal, name, field))
    return kept, problems


def refused(request: Request, refusal: DomainError, name: str, field: str = "files") -> FieldProblem:
    """Return the refusal of a file, by its name."""
    texts = error_texts(request_translator(request), refusal)
    params = {"file": name, "reason": f"{texts['detail']} {texts['hint']}"}
    return FieldProblem(field, refusal.code, "%(file)s: %(reason)s", params)


def problems_of(request: Request, refusal: DomainError, field: str) -> list[FieldProblem]:
    """Return what is wrong beside its fields; a refusal as a whole stands beside one of them."""
    if refusal.errors:
        return list(refusal.errors)
    texts = error_texts(request_translator(request), refusal)
    reason = {"reason": f"{texts['detail']} {texts['hint']}"}
    return [FieldProblem(field, refusal.code, "%(reason)s", reason)]
