"""Signatures: made once, kept by later ones, and every way in which they cease to count is found."""

import io
import shutil
import stat
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pikepdf
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from app.core.documents.intake import IntakeLimits, MediaType, inspect
from app.core.documents.signing import (
    Appearance,
    DevelopmentAuthority,
    FieldNotFree,
    NoSigningKey,
    PdfUnreadable,
    SignerIdentity,
    Trust,
    Verdict,
    ensure_passphrase,
    load_trust,
    sign_pdf,
    verify_pdf,
)
from app.core.documents.typeset import typeset
from tests.core.documents import papers
from tests.core.documents.papers import AT

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
LEADER = SignerIdentity("leader@zone", "Nguyễn Thị Đặng Ưởng", "Trưởng ban", "Cơ quan ban hành")
CLERK = SignerIdentity("clerk@zone", "Trần Văn Bình", "Văn thư", "Cơ quan ban hành")
LATER = AT + timedelta(hours=1)


def set_up(folder: Path, name: str = "ca") -> DevelopmentAuthority:
    passphrase = ensure_passphrase(folder / "secrets" / "signing")
    authority = DevelopmentAuthority(folder / name, passphrase=passphrase)
    authority.set_up(organisation="Cơ quan ban hành", now=AT)
    return authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentAuthority:
    authority = set_up(tmp_path_factory.mktemp("keys"))
    authority.issue(LEADER, now=AT)
    authority.issue(CLERK, now=AT)
    return authority


@pytest.fixture(scope="module")
def paper() -> bytes:
    return typeset("letter", papers.letter(), at=AT)


def signed_by_leader(authority: DevelopmentAuthority, paper: bytes) -> bytes:
    key = authority.key_for(LEADER.code, now=AT)
    return sign_pdf(
        paper,
        key=key,
        field="leader",
        at=AT,
        reason="Ban hành",
        location="Trụ sở",
        appearance=Appearance(ZONE),
    )


@pytest.fixture(scope="module")
def signed(authority: DevelopmentAuthority, paper: bytes) -> bytes:
    return signed_by_leader(authority, paper)


class TestSign:
    def test_signature_is_valid_and_names_the_signer(
        self, authority: DevelopmentAuthority, signed: bytes
    ) -> None:
        (report,) = verify_pdf(signed, trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.VALID
        assert report.signer == LEADER
        assert report.claimed_at == AT
        assert report.reason == "Ban hành"
        assert report.covers_whole_document
        assert "NOT FOR LEGAL USE" in report.issuer

    def test_update_is_incremental(self, paper: bytes, signed: bytes) -> None:
        assert signed.startswith(paper)

    def test_visible_signature_is_vietnamese_text_at_its_place(self, signed: bytes) -> None:
        with pikepdf.open(io.BytesIO(signed)) as document:
            (field,) = document.Root.AcroForm.Fields
            appearance = field.AP.N
            (art,) = (item for name, item in appearance.Resources.XObject.items())
            fonts = {str(font.BaseFont).split("+")[-1] for _, font in art.Resources.Font.items()}
        assert fonts == {"BeVietnamPro-Regular", "BeVietnamPro-SemiBold"}

    @pytest.mark.skipif(not shutil.which("pdfsig"), reason="poppler-utils is not installed")
    def test_poppler_agrees(self, signed: bytes, tmp_path: Path) -> None:
        told = papers.poppler("pdfsig", signed, tmp_path)

        assert "Signature is Valid." in told
        assert "ETSI.CAdES.detached" in told
        assert "SHA-256" in told
        assert "Total document signed" in told
        assert LEADER.name in told
        seen = papers.poppler("pdftotext", signed, tmp_path)
        for line in (
            "Ký bởi: Nguyễn Thị Đặng Ưởng",
            "Trưởng ban",
            "Cơ quan ban hành",
            "Thời gian ký: 22/11/2026 12:00:00 +07:00",
        ):
            assert line in seen

    def test_signed_paper_passes_the_door(self, signed: bytes, tmp_path: Path) -> None:
        path = tmp_path / "upload"
        path.write_bytes(signed)

        assert inspect(path, filename="paper.pdf", limits=IntakeLimits()) is MediaType.PDF

    def test_signed_place_is_not_signed_again(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        with pytest.raises(FieldNotFree):
            sign_pdf(signed, key=authority.key_for(CLERK.code, now=AT), field="leader", at=LATER)

    def test_visible_signature_needs_a_place(self, authority: DevelopmentAuthority, paper: bytes) -> None:
        with pytest.raises(ValueError, match="no field 'nowhere'"):
            sign_pdf(
                paper,
                key=authority.key_for(CLERK.code, now=AT),
                field="nowhere",
                at=AT,
                appearance=Appearance(ZONE),
            )


class TestSequence:
    def test_two_signatures_in_sequence(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        both = sign_pdf(
            signed,
            key=authority.key_for(CLERK.code, now=LATER),
            field="seal",
            at=LATER,
            appearance=Appearance(ZONE, box=(100, 100, 240, 150)),
        )
        first, second = verify_pdf(both, trust=authority.trust(now=LATER), now=LATER)

        assert both.startswith(signed)
        assert [first.verdict, second.verdict] == [Verdict.VALID, Verdict.VALID]
        assert [first.signer.name, second.signer.name] == [LEADER.name, CLERK.name]
        assert not first.covers_whole_document
        assert second.covers_whole_document

    def test_change_between_signatures_is_found(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        both = sign_pdf(
            with_note(signed), key=authority.key_for(CLERK.code, now=LATER), field="seal", at=LATER
        )
        first, second = verify_pdf(both, trust=authority.trust(now=LATER), now=LATER)

        assert first.verdict is Verdict.CHANGED
        assert second.verdict is Verdict.VALID


def with_note(pdf: bytes) -> bytes:
    """Draw over the first page in an incremental update, as an editor does."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    stream = generic.StreamObject(stream_data=b"q 1 0 0 rg 100 600 200 50 re f Q")
    writer.add_stream_to_page(0, writer.add_object(stream))
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def flipped(pdf: bytes, position: int) -> bytes:
    return pdf[:position] + bytes([pdf[position] ^ 1]) + pdf[position + 1 :]


class TestTampering:
    def test_flipped_byte_breaks_the_signature(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        # Within the compressed content of a page, so that the file stays readable.
        position = signed.index(b"stream\n") + 200
        (report,) = verify_pdf(flipped(signed, position), trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.BROKEN
        assert not report.intact

    @pytest.mark.parametrize("share", [0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.97])
    def test_no_flipped_byte_goes_unseen(
        self, authority: DevelopmentAuthority, signed: bytes, share: float
    ) -> None:
        changed = flipped(signed, int(len(signed) * share))
        try:
            reports = verify_pdf(changed, trust=authority.trust(now=AT), now=AT)
        except PdfUnreadable:
            return
        assert all(report.verdict is not Verdict.VALID for report in reports)

    def test_change_after_signing_is_found(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        (report,) = verify_pdf(with_note(signed), trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.CHANGED
        assert report.intact, "what was signed is still there, under what was added"
        assert not report.covers_whole_document

    def test_appended_bytes_are_found(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        (report,) = verify_pdf(signed + b"\n% more\n", trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.CHANGED

    def test_field_added_after_signing_is_found(self, authority: DevelopmentAuthority, signed: bytes) -> None:
        writer = IncrementalPdfFileWriter(io.BytesIO(signed), strict=False)
        writer.root["/AcroForm"]["/Fields"].append(
            writer.add_object(
                generic.DictionaryObject(
                    {
                        generic.pdf_name("/FT"): generic.pdf_name("/Tx"),
                        generic.pdf_name("/T"): generic.pdf_string("amount"),
                        generic.pdf_name("/V"): generic.pdf_string("0"),
                    }
                )
            )
        )
        writer.update_container(writer.root["/AcroForm"]["/Fields"])
        target = io.BytesIO()
        writer.write(target)
        (report,) = verify_pdf(target.getvalue(), trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.CHANGED

    def test_padding_of_the_signature_hides_nothing(
        self, authority: DevelopmentAuthority, signed: bytes
    ) -> None:
        position = signed.rindex(b"00>")
        (report,) = verify_pdf(flipped(signed, position), trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.BROKEN

    def test_signature_of_an_unknown_kind_is_not_passed_over(
        self, authority: DevelopmentAuthority, signed: bytes
    ) -> None:
        other = signed.replace(b"/ETSI.CAdES.detached", b"/ETSI.CAdES.attached")
        (report,) = verify_pdf(other, trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.UNSUPPORTED

    def test_unsigned_paper_has_no_report(self, authority: DevelopmentAuthority, paper: bytes) -> None:
        assert verify_pdf(paper, trust=authority.trust(now=AT), now=AT) == []

    @pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n%%EOF", b"%PDF-1.7" + b"\0" * 1000])
    def test_unreadable_file_is_said_to_be_so(self, authority: DevelopmentAuthority, data: bytes) -> None:
        with pytest.raises(PdfUnreadable):
            verify_pdf(data, trust=authority.trust(now=AT), now=AT)


class TestTrust:
    def test_foreign_root_is_untrusted(self, signed: bytes, tmp_path: Path) -> None:
        foreign = set_up(tmp_path)
        (report,) = verify_pdf(signed, trust=foreign.trust(now=AT), now=AT)

        assert report.verdict is Verdict.UNTRUSTED
        assert report.intact
        assert verify_pdf(signed, trust=Trust(), now=AT)[0].verdict is Verdict.UNTRUSTED

    def test_root_of_the_same_name_is_untrusted(
        self, authority: DevelopmentAuthority, paper: bytes, tmp_path: Path
    ) -> None:
        forger = set_up(tmp_path)
        forger.issue(LEADER, now=AT)
        (report,) = verify_pdf(signed_by_leader(forger, paper), trust=authority.trust(now=AT), now=AT)

        assert report.verdict is Verdict.UNTRUSTED

    def test_operator_adds_further_roots(
        self, signed: bytes, authority: DevelopmentAuthority, tmp_path: Path
    ) -> None:
        own = authority.trust(now=AT)
        (tmp_path / "state.crt").write_bytes(own.roots[0])
        (tmp_path / "state.crl").write_bytes(own.revocation_lists[0])
        (tmp_path / "readme.txt").write_text("not a certificate")
        trust = Trust().joined(load_trust(tmp_path))

        assert trust == own
        assert verify_pdf(signed, trust=trust, now=AT)[0].verdict is Verdict.VALID
        assert load_trust(tmp_path / "missing") == Trust()

    def test_expired_certificate(self, paper: bytes, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        authority.issue(LEADER, now=AT, valid_for=timedelta(days=1))
        signed = signed_by_leader(authority, paper)
        after = AT + timedelta(days=2)

        (now,) = verify_pdf(signed, trust=authority.trust(now=after), now=after)
        assert now.verdict is Verdict.EXPIRED
        assert now.trusted
        (stored,) = verify_pdf(signed, trust=authority.trust(now=after), now=after, stored_at=LATER)
        assert stored.verdict is Verdict.VALID, (
            "the store proves that it existed while the certificate was valid"
        )
        with pytest.raises(NoSigningKey):
            authority.key_for(LEADER.code, now=after)

    def test_signature_dated_before_its_certificate(self, paper: bytes, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        key = authority.issue(LEADER, now=AT)
        signed = sign_pdf(paper, key=key, field="leader", at=AT - timedelta(days=1))

        assert verify_pdf(signed, trust=authority.trust(now=AT), now=AT)[0].verdict is Verdict.EXPIRED

    def test_revoked_certificate(self, paper: bytes, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        key = authority.issue(LEADER, now=AT)
        signed = signed_by_leader(authority, paper)
        revoked_at = AT + timedelta(days=1)
        authority.revoke(key.certificate.serial_number, now=revoked_at)
        authority.revoke(key.certificate.serial_number, now=revoked_at + timedelta(days=1))
        after = AT + timedelta(days=3)
        trust = authority.trust(now=after)

        (report,) = verify_pdf(signed, trust=trust, now=after)
        assert report.verdict is Verdict.REVOKED
        assert report.revoked_at == revoked_at
        (earlier,) = verify_pdf(signed, trust=trust, now=after, stored_at=LATER)
        assert earlier.verdict is Verdict.VALID
        with pytest.raises(NoSigningKey) as refusal:
            authority.key_for(LEADER.code, now=after)
        assert refusal.value.params == {"name": LEADER.name}


class TestAuthority:
    def test_keys_are_private_and_encrypted(self, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        authority.issue(LEADER, now=AT)
        keys = list(tmp_path.rglob("*.key"))

        assert len(keys) == 2
        for file in [*keys, tmp_path / "secrets" / "signing"]:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert all(b"ENCRYPTED PRIVATE KEY" in file.read_bytes() for file in keys)
        other = DevelopmentAuthority(tmp_path / "ca", passphrase=b"wrong")
        with pytest.raises(ValueError, match="password"):
            other.key_for(LEADER.code, now=AT)

    def test_set_up_twice_is_once(self, tmp_path: Path) -> None:
        root = set_up(tmp_path).trust(now=AT).roots
        assert set_up(tmp_path).trust(now=AT).roots == root

    def test_rotation_keeps_old_signatures(self, paper: bytes, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        old = authority.issue(LEADER, now=AT)
        signed = signed_by_leader(authority, paper)
        authority.issue(LEADER, now=LATER)
        new = authority.key_for(LEADER.code, now=LATER)

        assert new.certificate.serial_number != old.certificate.serial_number
        assert verify_pdf(signed, trust=authority.trust(now=LATER), now=LATER)[0].verdict is Verdict.VALID

    def test_key_is_found_by_another_process(self, tmp_path: Path) -> None:
        set_up(tmp_path).issue(LEADER, now=AT)

        assert set_up(tmp_path).key_for(LEADER.code, now=AT).identity == LEADER

    def test_nobody_signs_without_a_certificate(self, authority: DevelopmentAuthority) -> None:
        with pytest.raises(NoSigningKey):
            authority.key_for("../../root", now=AT)

    def test_revocation_list_is_renewed(self, tmp_path: Path) -> None:
        authority = set_up(tmp_path)
        first = authority.trust(now=AT).revocation_lists

        assert authority.trust(now=AT + timedelta(days=1)).revocation_lists == first
        assert authority.trust(now=AT + timedelta(days=40)).revocation_lists != first
