"""Figures that a process counts by itself; what the database knows is asked when somebody collects."""

from prometheus_client import Counter, Histogram

# From a fragment out of memory to a page that somebody waits for.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

REQUESTS = Counter(
    "ftz_requests", "Answered requests by route, method and status.", ["route", "method", "status"]
)
DURATION = Histogram(
    "ftz_request_seconds",
    "Time from request to the end of its answer.",
    ["route", "method"],
    buckets=_SECONDS,
)
REFUSED = Counter("ftz_gate_refused", "Requests that waited at the gate and were turned away.")
SLOW = Counter(
    "ftz_slow_queries", "Statements that took longer than the threshold, by route or job.", ["where"]
)
