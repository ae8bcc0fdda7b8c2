"""Pages: language, headers, escaping, the shell, the components and the contrast of the colours."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from jinja2 import UndefinedError
from starlette.requests import Request

from app.core.errors import Conflict, FieldProblem, Forbidden
from app.core.kit.actor import Actor, ActorKind
from app.core.kit.codes import format_code
from app.web.environment import build_environment
from app.web.render import (
    Crumb,
    Flash,
    NavItem,
    ShellLinks,
    is_htmx,
    render,
    render_error,
)

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "app" / "web" / "templates"
ZONE = {
    "name": {"vi": "Khu thử", "en": "Test zone"},
    "authority": {"vi": "Ban Quản lý thử", "en": "Test authority"},
    "short": "KT",
    "timezone": "Asia/Ho_Chi_Minh",
}
OFFICER = Actor(ActorKind.OFFICER, uuid4(), "Nguyễn <b>An</b>")
NOW = datetime(2026, 12, 4, 3, 42, tzinfo=UTC)
STYLEGUIDE = {"title": "T", "now": NOW, "today": date(2026, 12, 4), "amount": Decimal(1500)}


def make_request(path: str = "/here", headers: Mapping[str, str] | None = None, **state: object) -> Request:
    lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    app = SimpleNamespace(state=SimpleNamespace(zone=ZONE, shell=ShellLinks(search="/search", account="/me")))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": b"a=1",
        "headers": lines,
        "app": app,
    }
    return Request({**scope, "state": dict(state)})


def page(template: str, view: Mapping[str, object], **state: object) -> BeautifulSoup:
    headers = state.pop("headers", None)
    assert headers is None or isinstance(headers, dict)
    answer = render(make_request(headers=headers, **state), template, view)
    return BeautifulSoup(bytes(answer.body), "html.parser")


def signed_in() -> dict[str, object]:
    nav = [NavItem({"vi": "Hộp việc", "en": "Inbox"}, "/inbox", "inbox", True, 12, "i", True)]
    return {"actor": OFFICER, "nav": nav, "csrf_token": "tok", "flashes": [Flash("good", "Đã lưu.")]}


class TestAnswer:
    def test_vietnamese_by_default(self) -> None:
        answer = render(make_request(), "pages/login.html", {"title": "T", "login_id": "", "next": "/"})
        assert answer.headers["content-language"] == "vi"
        assert answer.headers["vary"] == "HX-Request, Cookie, Accept-Language"
        assert answer.headers["cache-control"] == "no-cache"
        assert "Tên tài khoản" in bytes(answer.body).decode()

    @pytest.mark.parametrize(
        ("headers", "state"),
        [
            ({"cookie": "lang=en"}, {}),
            ({"accept-language": "en-GB"}, {}),
            ({"cookie": "lang=vi"}, {"lang": "en"}),
        ],
    )
    def test_english(self, headers: dict[str, str], state: dict[str, object]) -> None:
        soup = page("pages/login.html", {"title": "T", "login_id": "", "next": "/"}, headers=headers, **state)
        assert soup.html is not None
        assert soup.html["lang"] == "en"
        assert soup.find("label", string="Account name")

    def test_signed_in_pages_are_not_stored(self) -> None:
        answer = render(make_request(**signed_in()), "pages/styleguide.html", STYLEGUIDE)
        assert answer.headers["cache-control"] == "no-store"

    def test_own_headers_win(self) -> None:
        view = {"title": "T", "login_id": "", "next": "/"}
        answer = render(make_request(), "pages/login.html", view, status=422, headers={"Cache-Control": "x"})
        assert (answer.status_code, answer.headers["cache-control"]) == (422, "x")

    def test_missing_name_is_an_error(self) -> None:
        with pytest.raises(UndefinedError):
            render(make_request(), "pages/login.html", {"title": "T"})

    def test_without_any_application_state(self) -> None:
        request = make_request()
        request.scope["app"] = SimpleNamespace(state=SimpleNamespace())
        assert b"Khu th\xc6\xb0\xc6\xa1ng" in render(request, "pages/styleguide.html", STYLEGUIDE).body


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, False), ({"hx-request": "true"}, True), ({"hx-request": "true", "hx-boosted": "true"}, False)],
)
def test_is_htmx(headers: dict[str, str], expected: bool) -> None:
    assert is_htmx(make_request(headers=headers)) is expected


class TestShell:
    def test_markup_in_data_is_escaped(self) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE, **signed_in())
        person = soup.find(id="person")
        assert person is not None
        assert "Nguyễn <b>An</b>" in person.get_text()

    def test_every_post_form_carries_the_token(self) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE, **signed_in())
        forms = soup.find_all("form", method="post")
        assert len(forms) > 3
        assert all(form.find("input", attrs={"name": "csrf_token", "value": "tok"}) for form in forms)

    def test_language_form_returns_here(self) -> None:
        form = page("pages/styleguide.html", STYLEGUIDE).find("form", action="/preferences/language")
        assert form is not None
        returns = form.find("input", attrs={"name": "next"})
        assert returns is not None
        assert returns["value"] == "/here?a=1"
        assert [button["value"] for button in form.find_all("button")][:2] == ["vi", "en"]

    def test_theme_of_the_cookie(self) -> None:
        dark = page("pages/styleguide.html", STYLEGUIDE, headers={"cookie": "theme=dark"}).html
        odd = page("pages/styleguide.html", STYLEGUIDE, headers={"cookie": 'theme="><script>'}).html
        assert dark is not None
        assert odd is not None
        assert (dark["data-theme"], dark["data-bs-theme"]) == ("dark", "dark")
        assert (odd["data-theme"], odd.get("data-bs-theme")) == ("auto", None)

    def test_menu_is_current_and_reached_by_key(self) -> None:
        link = page("pages/styleguide.html", STYLEGUIDE, **signed_in()).select_one("a.side-link")
        assert link is not None
        assert (link["aria-current"], link["data-go"], link.get_text(" ", strip=True)) == (
            "page",
            "i",
            "Hộp việc 12",
        )

    def test_public_pages_show_the_way_back_to_who_is_signed_in(self) -> None:
        view = {"title": "T", "lead": "", "doors": [], "figures": [], "as_of": ""}
        assert page("pages/start.html", view, **signed_in()).find(id="menu") is not None
        assert page("pages/start.html", view).find(id="menu") is None

    def test_crumbs(self) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE | {"crumbs": [Crumb("Hồ sơ", "/d")]})
        assert soup.select_one('.crumbs a[href="/d"]')

    def test_problems_come_first_in_the_title(self) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE | {"problems": [FieldProblem("name", "c", "Choose")]})
        assert soup.title is not None
        assert soup.title.get_text().startswith("Lỗi: T")


class TestComponents:
    def test_error_is_linked_named_and_described(self) -> None:
        problem = FieldProblem("capital", "c", "Source: %(source)s", {"source": "<x>"})
        soup = page("pages/styleguide.html", STYLEGUIDE | {"problems": [problem]})
        link = soup.select_one("[data-error-summary] a")
        field = soup.find(id="f-capital")
        assert link is not None
        assert field is not None
        label = soup.select_one("label[for='f-capital']")
        assert label is not None
        assert link["href"] == "#f-capital"
        assert link.get_text() == f"{label.get_text(strip=True)}: Nguồn: <x>", "it says which answer, and why"
        assert field["aria-invalid"] == "true"
        described = soup.find(id=str(field["aria-describedby"]))
        assert described is not None
        assert "Nguồn: <x>" in described.get_text()

    @pytest.mark.parametrize("lang", ["vi", "en"])
    def test_labels_and_ids_fit_together(self, lang: str) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE, lang=lang, **signed_in())
        ids = [str(tag["id"]) for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids))
        assert {str(label["for"]) for label in soup.find_all("label")} <= set(ids)
        described = [
            str(tag["aria-describedby"]).split() for tag in soup.find_all(attrs={"aria-describedby": True})
        ]
        assert {name for names in described for name in names} <= set(ids)

    def test_no_inline_script_or_style(self) -> None:
        soup = page("pages/styleguide.html", STYLEGUIDE, **signed_in())
        assert all(tag.get("src") for tag in soup.find_all("script"))
        assert not soup.find_all("style")
        assert not [
            t for t in soup.find_all(True) if any(k == "style" or k.startswith("on") for k in t.attrs)
        ]

    def test_every_icon_is_in_the_sprite(self) -> None:
        lines = (ROOT / "frontend" / "src" / "icons.txt").read_text(encoding="utf-8").splitlines()
        used = set()
        for path in (ROOT / "app").glob("**/templates/**/*.html"):
            used |= set(re.findall(r"icon\(\"([a-z0-9-]+)\"", path.read_text(encoding="utf-8")))
        soup = page("pages/styleguide.html", STYLEGUIDE, **signed_in())
        used |= {str(use["href"]).partition("#")[2] for use in soup.find_all("use")}
        assert used <= set(lines)


class TestErrors:
    def test_page_says_what_lost_what_to_do_and_a_code(self) -> None:
        answer = render_error(make_request(), Forbidden(permission="dossier.sign"), reference="01K9")
        text = BeautifulSoup(bytes(answer.body), "html.parser").get_text(" ", strip=True)
        assert answer.status_code == 403
        for part in ("dossier.sign", "Không có gì bị mất", "quản trị viên", "01K9"):
            assert part in text

    def test_fragment_goes_to_the_notices(self) -> None:
        answer = render_error(
            make_request(headers={"hx-request": "true"}), Conflict("Its detail"), reference="01K9"
        )
        assert answer.headers["hx-retarget"] == "[data-flashes]"
        assert b"<html" not in answer.body
        assert b"Its detail" in answer.body


def test_module_templates_have_a_prefix(tmp_path: Path) -> None:
    (tmp_path / "list.html").write_text("{{ value | number }} {{ _('Code') }}")
    request = make_request()
    request.app.state.templates = build_environment({"demo": tmp_path})
    assert render(request, "demo/list.html", {"value": 1234}).body.decode() == "1.234 Mã"


def test_a_constant_is_written_for_each_reader_anew(tmp_path: Path) -> None:
    (tmp_path / "t.html").write_text("{{ 960 | working_time(480) }}")
    environment = build_environment({"demo": tmp_path})
    shown = []
    for lang in ("vi", "en"):
        request = make_request(lang=lang)
        request.app.state.templates = environment
        shown.append(render(request, "demo/t.html", {}).body.decode())
    assert shown == ["2 ngày làm việc", "2 working days"]


def test_what_exists_in_vietnamese_only_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.html").write_text("{{ text | original }}")
    environment = build_environment({"demo": tmp_path})

    def shown(text: object, lang: str) -> str:
        request = make_request(lang=lang)
        request.app.state.templates = environment
        return render(request, "demo/t.html", {"text": text}).body.decode()

    only = '<span lang="vi">Sản xuất &amp; bán</span> <span class="quiet">(in Vietnamese)</span>'
    assert shown("Sản xuất & bán", "vi") == "Sản xuất &amp; bán"
    assert shown("Sản xuất & bán", "en") == only
    assert shown({"vi": "Sản xuất & bán"}, "en") == only
    assert shown({"vi": "Sản xuất", "en": "Production"}, "en") == "Production"
    assert shown("", "en") == ""


def test_a_code_in_a_title_stays_in_one_piece(tmp_path: Path) -> None:
    code = format_code("TK", 2026, 123)
    (tmp_path / "t.html").write_text(
        "{% from 'components/page.html' import page_head %}{{ page_head(title) }}"
    )
    request = make_request(lang="en")
    request.app.state.templates = build_environment({"demo": tmp_path})
    body = render(request, "demo/t.html", {"title": f"Papers of {code} <b>"}).body.decode()
    assert f'<h1>Papers of <span class="nowrap">{code}</span> &lt;b&gt;</h1>' in body


def test_markup_in_a_message_parameter_keeps_the_rest_escaped(tmp_path: Path) -> None:
    source = "{{ _('Source: %(source)s', source='<a>') }}|{{ _('Source: %(source)s', source='<a>' | safe) }}"
    (tmp_path / "t.html").write_text(source)
    request = make_request(lang="en")
    request.app.state.templates = build_environment({"demo": tmp_path})
    assert render(request, "demo/t.html", {}).body.decode() == "Source: &lt;a&gt;|Source: <a>"


@pytest.mark.parametrize(("rows", "first"), [(1, 1), (12, 12), (13, 10)])
def test_a_long_table_begins_short_and_has_every_row(tmp_path: Path, rows: int, first: int) -> None:
    (tmp_path / "t.html").write_text(
        "{% from 'components/table.html' import long_table %}"
        "{% call(row) long_table('T', [{'label': 'R'}], rows) %}<tr><th scope='row'>{{ row }}</th></tr>{% endcall %}"
    )
    request = make_request(lang="en")
    request.app.state.templates = build_environment({"demo": tmp_path})
    soup = BeautifulSoup(
        bytes(render(request, "demo/t.html", {"rows": list(range(rows))}).body), "html.parser"
    )
    shown = [cell.text for cell in soup.select("tbody th")]
    folded = [cell.text for cell in soup.select("details tbody th")]
    assert (shown, len(shown) - len(folded)) == ([str(row) for row in range(rows)], first)


class TestContrast:
    """WCAG 2.2: 4.5:1 for text, 3:1 for shapes and borders of controls."""

    @staticmethod
    def tokens() -> dict[str, tuple[str, str]]:
        css = (ROOT / "frontend" / "src" / "css" / "tokens.css").read_text(encoding="utf-8")
        found = re.findall(r"--ftz-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", css)
        return {name: (light, dark) for name, light, dark in found}

    @staticmethod
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def ratio(self, front: str, ground: str) -> float:
        light, dark = sorted((self.luminance(front), self.luminance(ground)), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    @pytest.mark.parametrize("theme", [0, 1])
    def test_pairs(self, theme: int) -> None:
        tokens = {name: pair[theme] for name, pair in self.tokens().items()}
        states = ("good", "soon", "bad", "wait", "stale")
        grounds = ("ground", "surface", "raised", "hover")
        text = [(front, ground) for front in ("text", "quiet", "accent") for ground in grounds]
        text += [(state, f"{state}-ground") for state in states]
        text += [("bad", "surface"), ("accent-strong", "accent-ground"), ("text", "accent-ground")]
        text += [("on-accent", "accent"), ("on-accent", "accent-strong")]
        shapes = [(f"{state}-shape", ground) for state in states for ground in ("ground", "surface")]
        shapes += [("field-line", "surface"), ("field-line", "ground")]
        weak = [pair for pair in text if self.ratio(tokens[pair[0]], tokens[pair[1]]) < 4.5]
        weak += [pair for pair in shapes if self.ratio(tokens[pair[0]], tokens[pair[1]]) < 3]
        assert weak == []
