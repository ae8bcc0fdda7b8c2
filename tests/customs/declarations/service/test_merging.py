"""Results of one declaration come to the same in whatever order and however often they were brought in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from app.customs.declarations.service import merging
from app.customs.declarations.service.merging import Snapshot
from app.customs.declarations.wire import (
    DeclarationMessage,
    ItemTaxes,
    MessageKind,
    Notice,
    NoticeKind,
    Result,
    Tax,
    TaxKind,
    read_results,
    write_results,
)
from tests.customs.declarations.customs import LINE

AT = datetime(2026, 10, 5, 2, 0, tzinfo=UTC)
ELEVEN = "10862544012"
K = NoticeKind


def taxes(amount: int) -> tuple[ItemTaxes, ...]:
    return (ItemTaxes(1, (Tax(TaxKind.IMPORT_DUTY, Decimal(amount)),)),)


@st.composite
def histories(draw: st.DrawFn) -> list[Notice]:
    """One life of a declaration as its authority would tell it, each step later than the one before."""
    steps: list[tuple[NoticeKind, dict[str, object]]] = [(K.REGISTERED, {"official_number": f"{ELEVEN}0"})]
    channel = draw(st.sampled_from(["GREEN", "YELLOW", "RED"]))
    steps.append((K.CHANNEL, {"channel": channel}))
    if channel != "GREEN":
        steps.append((K.PAPERS_CHECKED, {}))
    for digit in range(draw(st.integers(0, 3)) + 1):
        if digit:
            steps.append((K.AMENDED, {"official_number": f"{ELEVEN}{digit}"}))
        amount = draw(st.integers(1, 10**9))
        steps.append((K.TAX, {"taxes": taxes(amount), "total": Decimal(amount)}))
    ends = draw(st.sampled_from([(), (K.CANCELLED,), (K.CLEARED,), (K.RELEASED, K.CLEARED)]))
    steps += [(kind, {}) for kind in ends]
    gaps = draw(st.lists(st.integers(1, 10**6), min_size=len(steps), max_size=len(steps)))
    found, at = [], AT
    for place, ((kind, content), gap) in enumerate(zip(steps, gaps, strict=True), 1):
        at += timedelta(seconds=gap)
        found.append(Notice(f"n-{place}", place, kind, "X", at, **content))  # type: ignore[arg-type]
    return found


def snapshot(notices: list[Notice]) -> Snapshot:
    declaration = DeclarationMessage(
        "-", MessageKind.DECLARE, "X", type_code="A11", header={"MVT": "ZONE_TO_INLAND"}, lines=(LINE,)
    )
    found, problems = merging.judge(Result(declaration, tuple(notices)), "#1", partial=False)
    assert problems == []
    return found


@given(histories(), st.data())
def test_the_newest_counts_in_whatever_order(history: list[Notice], data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, len(history)), min_size=1, max_size=6))
    given_in = [snapshot(history[:length]) for length in lengths]
    merged, _ = merging.merge(given_in)
    assert merged == snapshot(history[: max(lengths)]).official
    assert not any(merging.contradicts(each, given_in) for each in given_in)


@given(histories(), st.data())
def test_parts_of_a_history_come_to_the_whole(history: list[Notice], data: st.DataObject) -> None:
    """A later result may say only what came since: what it does not repeat stays."""
    cut = data.draw(st.integers(1, len(history)))
    rest, number = history[cut - 1 :], snapshot(history[:cut]).official.number
    declaration = DeclarationMessage(
        "-", MessageKind.DECLARE, "X", official_number=number, type_code="A11", lines=(LINE,)
    )
    later, _ = merging.judge(Result(declaration, tuple(rest)), "#2", partial=True)
    whole = snapshot(history).official
    for order in ([snapshot(history[:cut]), later], [later, snapshot(history[:cut])]):
        merged, _ = merging.merge(order)
        assert (merged.number, merged.registered_at, merged.cleared_at, merged.cancelled_at, merged.tax) == (
            whole.number, whole.registered_at, whole.cleared_at, whole.cancelled_at, whole.tax,
        )  # fmt: skip


@given(histories())
@settings(max_examples=50)
def test_what_is_kept_is_what_came(history: list[Notice]) -> None:
    came = snapshot(history)
    again = merging.snapshot_of(came.content)
    assert (again.official, again.rank, again.sha256) == (came.official, came.rank, came.sha256)
    (read,) = read_results(write_results((came.result,)))
    assert merging.judge(read, "", partial=False)[0].sha256 == came.sha256


def test_the_same_time_with_another_content_contradicts() -> None:
    first, other, silent = (
        snapshot([Notice("a", 1, K.REGISTERED, "X", AT, official_number=f"{ELEVEN}0", text=text)])
        for text in ("Một", "Khác", "")
    )
    assert merging.contradicts(other, [first])
    assert not merging.contradicts(first, [first])
    assert not merging.contradicts(silent, [first]), "who says less does not say another thing"
    assert (merging.repeats(silent, [first]), merging.repeats(first, [silent])) == (True, False)
