"""
The content of a payment QR code, in the form of EMVCo's merchant-presented codes as Vietnamese banks use it. Pure.

The form (templates 38 and 62, application id of NAPAS) is known from published descriptions and was not tried with a
bank's own program (ASSUMED); beside it the page shows the same in words.
"""

from decimal import Decimal

_NAPAS, _TO_ACCOUNT = "A000000727", "QRIBFTTA"
_DONG, _COUNTRY = "704", "VN"
_POLYNOMIAL, _START, _WORD = 0x1021, 0xFFFF, 0xFFFF
_HIGH = 0x8000


def transfer_code(*, bin: str, account: str, amount: Decimal, text: str) -> str:
    """
    Return the content of the code: to which account, how much, and with which text.

    :param bin: six digits by which payment cards know the bank.
    """
    receiver = (
        _part("00", _NAPAS) + _part("01", _part("00", bin) + _part("01", account)) + _part("02", _TO_ACCOUNT)
    )
    content = (
        _part("00", "01") + _part("01", "12") + _part("38", receiver) + _part("53", _DONG)
        + _part("54", f"{amount.normalize():f}") + _part("58", _COUNTRY) + _part("62", _part("08", text)) + "6304"
    )  # fmt: skip
    return content + f"{checksum(content):04X}"


def checksum(content: str) -> int:
    """Return the CRC-16 (polynomial 1021, start FFFF) that ends a code."""
    crc = _START
    for byte in content.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ _POLYNOMIAL if crc & _HIGH else crc << 1) & _WORD
    return crc


def _part(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"
