"""Tables: what is declared, its papers, what is exchanged with customs, and the customs officer's desk."""

from app.customs.declarations.models.declared import Assessment, Declaration, Line, Product, Revision
from app.customs.declarations.models.desk import (
    Answer,
    Indication,
    InspectionComment,
    InspectionNote,
    InspectionPhoto,
    Question,
)
from app.customs.declarations.models.exchanged import (
    Clock,
    ClockFigure,
    Difference,
    Dispatch,
    Feed,
    Notice,
    OfficialResult,
    Unread,
)
from app.customs.declarations.models.papers import Paper

__all__ = [
    "Answer",
    "Assessment",
    "Clock",
    "ClockFigure",
    "Declaration",
    "Difference",
    "Dispatch",
    "Feed",
    "Indication",
    "InspectionComment",
    "InspectionNote",
    "InspectionPhoto",
    "Line",
    "Notice",
    "OfficialResult",
    "Paper",
    "Product",
    "Question",
    "Revision",
    "Unread",
]
