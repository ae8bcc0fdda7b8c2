"""Pure rules of the certificate: its content from the answers, and how numbers read on paper."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def certificate_content(answers: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """
    Return what the certificate records, from the answers of the dossier.

    :param answers: the submission's answers.
    :param labels: Vietnamese labels of chosen options by ``field:code``.
    """
    return {
        "investor_name": answers["investor_name"],
        "investor_country": labels[f"investor_country:{answers['investor_country']}"],
        "project_name_vi": answers["project_name_vi"],
        "objective": answers["objective"],
        "site": labels[f"site:{answers['site']}"],
        "capital": dict(answers["capital"]),
    }


def printed_money(money: Mapping[str, str]) -> str:
    """
    Return an amount as Vietnamese papers write it: points between thousands, a comma before decimals, the currency.

    Decree 30/2020 leaves numbers in words to the issuing authority.
    """
    amount = Decimal(money["amount"])
    text = f"{amount:,.2f}" if amount % 1 else f"{amount:,.0f}"
    return f"{text.translate(str.maketrans(',.', '.,'))} {money['currency']}"
