"""The simulated bank's pages: plain HTML, and on each the word that nothing here is real."""

import html
from dataclasses import asdict
from http import HTTPStatus

from simulators.bank.book import Book

_HEAD = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Simulated bank</title><style>body{font:16px/1.5 sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}td,th{border:1px solid #999;padding:.2rem .5rem;"
    "text-align:left}fieldset{margin:1rem 0}label{display:inline-block;margin:.2rem 1rem .2rem 0}"
    "strong.sim{background:#fd6;padding:.2rem .5rem}button{padding:.4rem 1rem}</style>"
    "<h1>Simulated bank</h1><p><strong class=sim>Ngân hàng giả lập: không có tiền thật. "
    "Simulated: no money moves.</strong>"
)


def plain(text: str) -> str:
    """Return a page that says one thing."""
    return f"{_HEAD}<p>{html.escape(text)}<p><a href='/'>Back</a>"


def order_page(book: Book, order: dict[str, str], query: str, *, refusal: str = "") -> tuple[HTTPStatus, str]:
    """Return the page on which a payer confirms an order."""
    choices = "".join(
        f"<label><input type=radio name=account value='{number}' required> {number} {html.escape(holder)}"
        f" ({balance:,} VND)</label><br>"
        for number, holder, balance in book.accounts()
    )
    said = f"<p role=alert><strong>{html.escape(refusal)}</strong>" if refusal else ""
    page = (
        f"{_HEAD}{said}<h2>Thanh toán / Pay {html.escape(order['reference'])}</h2>"
        f"<p>{int(order['amount']):,} {html.escape(order['currency'])}"
        f"<form method=post action='/pay?{html.escape(query)}'><fieldset><legend>Tài khoản / Account</legend>"
        f"{choices}</fieldset><button>Xác nhận / Confirm</button></form>"
        f"<p><a href='{html.escape(order['back'])}'>Quay lại / Go back without paying</a>"
    )
    return (HTTPStatus.UNPROCESSABLE_ENTITY if refusal else HTTPStatus.OK), page


def overview(book: Book) -> str:
    """Return the page with the book, the mood and the counter."""
    lines = book.lines()
    accounts = "".join(
        f"<option value='{number}'>{number} {html.escape(holder)}" for number, holder, _ in book.accounts()
    )
    return (
        f"{_HEAD}{_mood(book)}"
        "<form method=post action='/counter'><fieldset><legend>Pay at the counter</legend>"
        f"<label>Account <select name=account>{accounts}</select></label>"
        "<label>Amount <input name=amount inputmode=numeric required></label>"
        "<label>Reference <input name=reference></label><label>Text <input name=remark></label>"
        "<label>Booked at (UTC) <input name=booked_at type=datetime-local></label>"
        "<button>Pay</button></fieldset></form>"
        "<h2>Bookings</h2><table><tr><th>Transaction<th>At<th>Amount<th>Reference<th>Text<th>Payer<th></tr>"
        + "".join(
            _row(line, _button("again", "transaction", line[0], "Tell again")) for line in lines["bookings"]
        )
        + "</table><h2>Messages</h2><table><tr><th>Id<th>State<th>Tries<th>Answer<th>Forged<th>Body<th></tr>"
        + "".join(
            _row(line, _button("replay", "message", line[0], "Replay the old one"))
            for line in lines["messages"]
        )
        + "</table><h2>Refunds</h2><table><tr><th>Id<th>Status<th>Transaction<th>Body</tr>"
        + "".join(_row(line, "") for line in lines["refunds"])
        + "</table>"
    )


def _mood(book: Book) -> str:
    fields = "".join(
        f"<label><input type=checkbox name={name}{' checked' if value else ''}> {name}</label>"
        if isinstance(value, bool)
        else f"<label>{name} <input name={name} value='{html.escape(str(value))}' size=8></label>"
        for name, value in asdict(book.mood()).items()
    )
    return (
        f"<form method=post action='/mood'><fieldset><legend>Mood</legend>{fields}"
        "<button>Set</button></fieldset></form>"
    )


def _row(cells: tuple[object, ...], more: str) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(str(cell))}" for cell in cells) + f"<td>{more}</tr>"


def _button(action: str, name: str, value: object, text: str) -> str:
    return (
        f"<form method=post action='/{action}'><input type=hidden name={name} value='{html.escape(str(value))}'>"
        f"<button>{text}</button></form>"
    )
