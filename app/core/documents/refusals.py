"""Why a file is not let in. Each refusal says what was found, why it matters, and what to do."""

from app.core.errors import DomainError


class FileRefused(DomainError):
    """A file that the platform does not accept."""

    code = "documents.file-refused"
    status = 422
    title = "The file cannot be accepted."


class FileTooLarge(FileRefused):
    """More bytes than allowed; ``params['limit_mb']`` is the limit in megabytes."""

    code = "documents.file-too-large"
    status = 413
    detail = "The file is larger than %(limit_mb)s MB."
    hint = "Scan at 200 to 300 dpi, or split the paper into parts, and send again."


class FileEmpty(FileRefused):
    """No bytes at all."""

    code = "documents.file-empty"
    detail = "The file is empty (0 bytes); it was probably not saved before it was sent."
    hint = "Open the file on your device, save it, and send it again."


class FileTypeUnknown(FileRefused):
    """The content is none of the accepted types; ``params['found']`` names what it looks like."""

    code = "documents.file-type-unknown"
    status = 415
    detail = "By its content the file is not one of the accepted types (it looks like: %(found)s)."
    hint = "Send a PDF, a PNG or JPEG picture, or a Word (.docx) or Excel (.xlsx) file."


class FileNameMismatch(FileRefused):
    """The extension tells another type than the content."""

    code = "documents.file-name-mismatch"
    detail = (
        "The name ends in “.%(extension)s”, but the content is %(found)s; such files can mislead readers."
    )
    hint = "Save the file again in the type that its name tells, then send it."


class FilePolyglot(FileRefused):
    """The file can be read as two different types."""

    code = "documents.file-two-types"
    detail = "The file can be read as two different types, so two people could see two different papers."
    hint = "Print the paper to a new PDF, or scan it again, and send the new file."


class FileDamaged(FileRefused):
    """The content breaks off or contradicts itself."""

    code = "documents.file-damaged"
    detail = "The file begins as %(found)s, but it is damaged and cannot be read to its end."
    hint = "Open it on your device to check it, save it again, and send the new file."


class FileBomb(FileRefused):
    """The file would unpack to far more than it is, or to more parts than a paper has."""

    code = "documents.file-unpacks-too-large"
    detail = "The file would unpack to more than is allowed; such files are used to overload computers."
    hint = "Save the document again without embedded data, or print it to PDF, and send that."


class ImageTooLarge(FileRefused):
    """More picture points than allowed; ``params['limit_megapixels']`` is the limit."""

    code = "documents.image-too-large"
    detail = "The picture has more than %(limit_megapixels)s million points."
    hint = "Make the picture smaller (A4 at 300 dpi has about 9 million points) and send it again."


class PdfEncrypted(FileRefused):
    """A PDF with a password or restrictions."""

    code = "documents.pdf-encrypted"
    detail = "The PDF is protected by a password or by restrictions, so it cannot be kept readable."
    hint = "Remove the protection (print it to a new PDF) and send it again."


class PdfActive(FileRefused):
    """A PDF that would do something when opened; ``params['found']`` names the parts."""

    code = "documents.pdf-active-content"
    detail = "The PDF holds parts that act by themselves or hide other files: %(found)s."
    hint = "Print it to a new PDF, which leaves these parts out, and send that."


class OfficeMacros(FileRefused):
    """An Office file with macros."""

    code = "documents.office-macros"
    detail = "The Office file holds macros (programs), which are not accepted."
    hint = "Save it as .docx or .xlsx without macros, or print it to PDF, and send that."


class OfficeActive(FileRefused):
    """An Office file that embeds other files or fetches content from elsewhere."""

    code = "documents.office-active-content"
    detail = "The Office file holds parts that run, or fetches content from elsewhere: %(found)s."
    hint = "Break the links and remove embedded objects, or print it to PDF, and send that."
