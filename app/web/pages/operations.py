"""How the platform runs, for administrators: figures with a verdict, dead letters with a second chance, versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from starlette.responses import RedirectResponse

from app.core.evidence import Subject, record
from app.core.i18n import N_
from app.core.jobs import FailedJob, failed_jobs, retry_failed
from app.core.kit.actor import Actor
from app.core.kit.time import utcnow
from app.web.background import is_background
from app.web.exports import csv_response
from app.web.forms import PostedForm
from app.web.keeping import Hindrance
from app.web.need import Holder
from app.web.operations import RETRY, VIEW, Figure, Survey, Unit, survey
from app.web.render import render, request_translator
from app.web.unit import DbSession, router
from app.web.watch import Alarm

operations = router()

Viewer = Annotated[Actor, Depends(Holder(VIEW))]
Mender = Annotated[Actor, Depends(Holder(RETRY))]
HELD: Mapping[str, str] = {
    Hindrance.ASSUMED: N_(
        "Nothing is erased by itself: the terms of keeping are assumed and nobody has confirmed them."
    ),
    Hindrance.NO_TERM: N_("Nothing is erased by itself: the legal values name no term of keeping."),
}
PAGE_SIZE = 50
MOST_EXPORTED = 5_000

GROUPS: Mapping[str, str] = {
    "jobs": N_("Jobs"),
    "clocks": N_("Timers, sealer and relay"),
    "notices": N_("Notices on their way"),
    "storage": N_("Disk and database"),
    "backup": N_("Backup and restore drill"),
    "keeping": N_("Data whose time has passed"),
}
LABELS: Mapping[str, str] = {
    "workers_alive": N_("Workers alive"),
    "worker_silent_seconds": N_("Last sign of life of a worker"),
    "jobs_waiting": N_("Jobs waiting"),
    "jobs_running": N_("Jobs running"),
    "jobs_retrying": N_("Jobs to be tried again"),
    "jobs_stalled": N_("Jobs stalled by a dead worker"),
    "jobs_failed": N_("Dead letters: jobs that gave up"),
    "jobs_oldest_seconds": N_("Oldest job waiting"),
    "outbox_waiting": N_("Events not handled yet"),
    "outbox_lag_seconds": N_("Oldest event not handled yet"),
    "timers_due": N_("Timers due and not fired"),
    "timers_lag_seconds": N_("Longest delay of a timer"),
    "sealer_waiting": N_("Evidence entries not sealed"),
    "sealer_lag_seconds": N_("Oldest entry not sealed"),
    "relay_silent_seconds": N_("Last sign of life of the live stream"),
    "deliveries_waiting": N_("Messages waiting"),
    "deliveries_retrying": N_("Messages to be sent again"),
    "deliveries_given_up": N_("Messages given up in 24 hours"),
    "deliveries_oldest_seconds": N_("Oldest message not sent"),
    "database_bytes": N_("Size of the database"),
    "database_connections": N_("Connections to the database"),
    "disk_free_bytes": N_("Free disk space"),
    "disk_used_bytes": N_("Used disk space"),
    "backup_age_seconds": N_("Age of the last backup"),
    "drill_age_seconds": N_("Age of the last restore drill"),
    "drill_failed": N_("Last drill found faults"),
    "erasure_age_seconds": N_("Last look for personal data to erase"),
    "erasure_waiting": N_("Whose time has passed and who are not erased"),
    "erasure_gone": N_("Erased at the last look"),
    "sweep_age_seconds": N_("Last look for files that nothing names"),
    "sweep_files": N_("Such files destroyed at the last look"),
    "sweep_leftovers": N_("Leftovers of broken uploads destroyed at the last look"),
}


@operations.get("/operations", name="operations", include_in_schema=False)
def operations_page(
    request: Request, session: DbSession, actor: Viewer, done: int = -1, before: int | None = None
) -> Response:
    """Show everything at this instant; the page asks for its body again every quarter of a minute."""
    now = utcnow()
    found = survey(session, request.app.state.settings, now=now)
    jobs = failed_jobs(session, before=before, limit=PAGE_SIZE + 1)
    view = {
        "title": request_translator(request).gettext("Operations"),
        "worst": found.worst.value,
        "at": now,
        "groups": _groups(request, found),
        "ticks": _ticks(found),
        "queues": found.queues,
        "connections": found.connections,
        "versions": found.versions,
        "backup": _backup(found.record),
        "held": _held(found.record),
        "jobs": [_job(each) for each in jobs[:PAGE_SIZE]],
        "older": jobs[PAGE_SIZE - 1].id if len(jobs) > PAGE_SIZE else None,
        "before": before,
        "alarm_minutes": alarm_minutes(request.app.state.watch.alarm, now),
        "may_retry": actor.may(RETRY),
        "done": done,
    }
    part = is_background(request) and request.headers.get("hx-target") == "operations-body"
    return render(request, "operations/_body.html" if part else "operations/operations.html", view)


@operations.post("/operations/jobs/retry", include_in_schema=False)
def retry(session: DbSession, actor: Mender, form: PostedForm) -> Response:
    """Give the chosen dead letters one more attempt; those that were taken up meanwhile stay as they are."""
    chosen = sorted({int(str(value)) for value in form.getlist("job") if _is_number(value)})
    freed = retry_failed(session, chosen)
    record(
        session, "jobs:letter:retry", subject=Subject("jobs"), actor=actor, at=utcnow(),
        facts={"jobs": ", ".join(map(str, chosen[:100])), "freed": freed},
    )  # fmt: skip
    return RedirectResponse(f"/operations?done={freed}#letters", 303)


@operations.get("/operations/figures.csv", name="operations-figures", include_in_schema=False)
def export_figures(request: Request, session: DbSession, actor: Viewer) -> Response:
    """Give all figures as a file."""
    now = utcnow()
    found = survey(session, request.app.state.settings, now=now)
    gettext = request_translator(request).gettext
    rows = [
        [
            each.group,
            each.code,
            gettext(LABELS[each.code]),
            _plain(each.value),
            each.unit.value,
            each.verdict.value,
        ]
        for each in found.figures
    ]
    rows += [
        ["clocks", f"scan {each['name']}", each["error"], _plain(each["age"]), "seconds", each["verdict"]]
        for each in _ticks(found)
    ]
    header = ["group", "code", "label", "value", "unit", f"verdict {now.isoformat(timespec='seconds')}"]
    return csv_response("operations.csv", header, rows)


@operations.get("/operations/jobs.csv", name="operations-jobs", include_in_schema=False)
def export_jobs(session: DbSession, actor: Viewer) -> Response:
    """Give the dead letters as a file: what failed and why, without the content of the jobs."""
    rows = [
        [
            str(each.id),
            each.task,
            each.queue,
            str(each.attempts),
            each.failed_at.isoformat(timespec="seconds") if each.failed_at else "",
            each.error,
            each.code,
            str(each.args.get("correlation") or ""),
        ]
        for each in failed_jobs(session, limit=MOST_EXPORTED)
    ]
    header = ["job", "task", "queue", "attempts", "failed_at", "error", "code", "correlation"]
    return csv_response("dead-letters.csv", header, rows)


def alarm_minutes(alarm: Alarm | None, now: datetime) -> int | None:
    """Return for how many minutes nothing fired, ``None`` when all is well."""
    return alarm.minutes(now) if alarm is not None else None


def _groups(request: Request, found: Survey) -> list[dict[str, Any]]:
    gettext = request_translator(request).gettext
    return [
        {
            "code": code,
            "title": gettext(title),
            "figures": [
                _figure(gettext(LABELS[each.code]), each) for each in found.figures if each.group == code
            ],
        }
        for code, title in GROUPS.items()
    ]


def _figure(label: str, figure: Figure) -> dict[str, Any]:
    return {
        "label": label,
        "value": figure.value,
        "unit": figure.unit.value,
        "verdict": figure.verdict.value,
        "limit": figure.bad if figure.bad is not None else figure.soon,
        "least": figure.least,
        "seconds": figure.unit is Unit.SECONDS,
    }


def _ticks(found: Survey) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "age": (found.at - each.ticked_at).total_seconds() if each.ticked_at else None,
            "failures": each.failures,
            "error": each.error,
            "verdict": "bad" if each.late else "soon" if each.failures else "good",
        }
        for each in found.ticks
    ]


def _backup(record_: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "act": act,
            "at": datetime.fromisoformat(str(entry["at"])),
            "file": str(entry.get("file", "")).rpartition("/")[2],
            "whole": entry.get("whole"),
        }
        for act in ("backup", "drill", "restored")
        if (entry := record_.get(act)) and "at" in entry
    ]


def _held(record_: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return why personal data are not erased by themselves, with the kinds of data that wait."""
    held = record_.get("erasure", {}).get("held", {})
    return [
        {"reason": words, "kinds": sorted(kind for kind, why in held.items() if why == reason)}
        for reason, words in HELD.items()
        if reason in held.values()
    ]


def _job(job: FailedJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "task": job.task,
        "queue": job.queue,
        "attempts": job.attempts,
        "failed_at": job.failed_at,
        "error": job.error.rpartition(".")[2],
        "code": job.code,
        "correlation": str(job.args.get("correlation") or ""),
    }


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _is_number(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal() and len(value) < 19  # noqa: PLR2004  64 bits
