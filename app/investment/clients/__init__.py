"""Other people's computers, each behind a protocol. Called from jobs after the commit, never inside a transaction."""

from app.investment.clients.national_registry import (
    Answer,
    AnswerState,
    CodeQuestion,
    HttpRegistry,
    NationalRegistry,
    RegistryDown,
    RegistryMissing,
    registry_of,
)

__all__ = [
    "Answer",
    "AnswerState",
    "CodeQuestion",
    "HttpRegistry",
    "NationalRegistry",
    "RegistryDown",
    "RegistryMissing",
    "registry_of",
]
