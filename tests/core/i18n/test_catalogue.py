"""Catalogues are complete, and the language of a page is chosen as a reader expects."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from app.core.i18n import languages, negotiate, translator
from app.core.i18n.catalogue import Translator, compile_po
from app.core.i18n.extraction import (
    Message,
    catalogue_problems,
    extract_messages,
    read_catalogue,
)

APP = Path(__file__).parents[3] / "app"


def test_every_message_has_a_vietnamese_translation() -> None:
    problems = catalogue_problems(read_catalogue("vi"), extract_messages(APP))
    assert not problems, "run `python -m tools.i18n update` and translate:\n" + "\n".join(problems)


def test_vietnamese_never_addresses_the_reader() -> None:
    words = (" bạn", "ông/bà", "quý khách", "!")
    found = [
        text
        for entry in read_catalogue("vi")
        for text in ([entry.string] if isinstance(entry.string, str) else entry.string)
        if entry.id and any(word in f" {text.lower()}" for word in words)
    ]
    assert found == []


class TestProblems:
    WANTED = frozenset({Message("Hello %(name)s")})

    def catalogue(self, msgid: str, msgstr: str, **flags: list[str]) -> Catalog:
        catalogue = Catalog(locale="vi", fuzzy=False)
        catalogue.add(msgid, msgstr, **flags)
        return catalogue

    def test_complete(self) -> None:
        assert catalogue_problems(self.catalogue("Hello %(name)s", "Chào %(name)s"), self.WANTED) == []

    @pytest.mark.parametrize(
        ("msgid", "msgstr", "flags", "problem"),
        [
            ("Hello %(name)s", "Chào", {}, "placeholders differ"),
            ("Hello %(name)s", "", {}, "not translated"),
            ("Hello %(name)s", "Chào %(name)s", {"flags": ["fuzzy"]}, "fuzzy"),
            ("Bye", "Tạm biệt", {}, "orphan"),
            ("Bye", "Tạm biệt", {}, "missing"),
        ],
    )
    def test_problem(self, msgid: str, msgstr: str, flags: dict[str, list[str]], problem: str) -> None:
        problems = catalogue_problems(self.catalogue(msgid, msgstr, **flags), self.WANTED)
        assert any(text.startswith(problem) for text in problems)


class TestExtraction:
    def test_calls_templates_and_errors(self, tmp_path: Path) -> None:
        (tmp_path / "templates").mkdir()
        template = '{{ _("In a template") }}{{ ngettext("%(n)s row", "%(n)s rows", 2) }}'
        (tmp_path / "templates" / "a.html").write_text(template)
        (tmp_path / "a.py").write_text(
            "class Wrong(DomainError):\n"
            '    """Docstring."""\n'
            "    code: ClassVar[str] = 'not-a-message'\n"
            "    title = 'A title'\n"
            "class Worse(errors.Wrong):\n"
            "    hint: ClassVar[str] = 'A hint'\n"
            "class Other:\n"
            "    title = 'no message'\n"
            "def f():\n"
            "    FieldProblem('name', 'code', 'A reason')\n"
            "    FieldProblem('name', 'code', reason='Another reason')\n"
            "    raise Worse('A detail', hint='Its hint', value=1)\n"
            "def g():\n"
            "    t.gettext('Translated'); N_('Marked')\n"
            "    raise ValueError('no message')\n"
        )
        expected = {
            "In a template",
            "A title",
            "A hint",
            "A reason",
            "Another reason",
            "A detail",
            "Its hint",
        }
        expected |= {"Translated", "Marked"}
        found = extract_messages(tmp_path)
        assert {message.text for message in found if not message.plural} == expected
        assert Message("%(n)s row", "%(n)s rows") in found


class TestNegotiate:
    @pytest.mark.parametrize(
        ("header", "cookie", "expected"),
        [
            (None, None, "vi"),
            ("", None, "vi"),
            ("en-GB,en;q=0.9", None, "en"),
            ("fr-FR, en;q=0.5, vi;q=0.8", None, "vi"),
            ("fr", None, "vi"),
            ("en;q=0, vi", None, "vi"),
            ("en;q=bad, vi;q=0.1", None, "vi"),
            ("vi", "en", "en"),
            ("en", "xx", "en"),
            ("*", None, "vi"),
        ],
    )
    def test_choice(self, header: str | None, cookie: str | None, expected: str) -> None:
        assert negotiate(header, cookie) == expected

    def test_vietnamese_comes_first(self) -> None:
        assert languages()[:2] == ("vi", "en")


class TestTranslator:
    def test_translates_and_fills(self) -> None:
        assert translator("vi").gettext("Saved at %(time)s", time="10:42") == "Đã lưu lúc 10:42"
        assert translator("en").gettext("Saved at %(time)s", time="10:42") == "Saved at 10:42"

    def test_unknown_message_is_shown_in_english(self) -> None:
        assert translator("vi").gettext("100% never translated") == "100% never translated"

    def test_empty_message_is_not_the_header(self) -> None:
        assert translator("vi").gettext("") == ""

    def test_plural(self) -> None:
        assert translator("en").ngettext("%(n)s working day", "%(n)s working days", 1) == "1 working day"
        assert translator("vi").ngettext("%(n)s working day", "%(n)s working days", 2) == "2 ngày làm việc"

    def test_unknown_language(self) -> None:
        with pytest.raises(LookupError):
            translator("xx")

    def test_fuzzy_entries_show_in_english(self) -> None:
        source = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n#, fuzzy\nmsgid "a"\nmsgstr "b"\n'
        assert Translator("ja", compile_po(source, "ja")).gettext("a") == "a"
