"""What papers, questions, amendments and the customs officer's desk offer to the shell."""

from app.core.i18n import N_
from app.customs.declarations.pages.amending import amendment_pages, amendment_panel
from app.customs.declarations.pages.differences import LIST as DIFFERENCES
from app.customs.declarations.pages.differences import difference_pages
from app.customs.declarations.pages.firms import FIRMS, firm_pages
from app.customs.declarations.pages.inspecting import my_zone_notes, note_pages, note_uploads, notes_panel
from app.customs.declarations.pages.papers import paper_pages, paper_uploads, papers_panel
from app.customs.declarations.pages.questions import LIST as QUESTIONS
from app.customs.declarations.pages.questions import (
    my_zone_panel,
    question_pages,
    question_uploads,
    questions_panel,
)
from app.customs.declarations.pages.reading import reading_pages
from app.customs.declarations.pages.risk import risk_pages, risk_panel
from app.customs.declarations.permissions import FILE, INSPECT, READ
from app.web.panels import DECLARATION, MY_ZONE
from app.web.spec import MenuItem, ObjectPanel

DESK_ROUTERS = (
    reading_pages,
    paper_pages,
    paper_uploads,
    question_pages,
    question_uploads,
    note_pages,
    note_uploads,
    firm_pages,
    difference_pages,
    risk_pages,
    amendment_pages,
)
DESK_PANELS = (
    ObjectPanel(DECLARATION, "papers", N_("Papers"), "declarations/_papers_panel.html", papers_panel, 20),
    ObjectPanel(
        DECLARATION, "questions", N_("Questions"), "declarations/_questions_panel.html", questions_panel, 30
    ),
    ObjectPanel(
        DECLARATION, "amendment", N_("Amendment and cancellation"), "declarations/_amendment_panel.html",
        amendment_panel, 50,
    ),
    ObjectPanel(DECLARATION, "notes", N_("Inspection notes"), "declarations/_notes_panel.html", notes_panel, 60),
    ObjectPanel(DECLARATION, "risk", N_("Indication of risk"), "declarations/_risk_panel.html", risk_panel, 70),
    ObjectPanel(
        MY_ZONE, "customs-questions", N_("Questions of customs"), "declarations/_questions_panel.html", my_zone_panel,
        25,
    ),
    ObjectPanel(
        MY_ZONE, "customs-notes", N_("Inspection notes"), "declarations/_notes_panel.html", my_zone_notes, 60
    ),
)  # fmt: skip
DESK_MENU = (
    MenuItem(
        "customs-firms",
        N_("Firms under customs"),
        FIRMS,
        "building-factory-2",
        frozenset({READ}),
        38,
        desk_of=frozenset({INSPECT}),
    ),
    MenuItem(
        "customs-questions", N_("Questions of customs"), QUESTIONS, "help-circle", frozenset({READ, FILE}), 39
    ),
    MenuItem(
        "customs-differences", N_("Differences of tax"), DIFFERENCES, "scale", frozenset({READ, FILE}), 40
    ),
)
