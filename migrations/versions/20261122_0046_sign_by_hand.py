"""Let a result be signed by hand on paper, and number certificates without gaps."""

import sqlalchemy as sa
from alembic import op

from migrations.helpers import grants

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

ISSUED, LETTER, CERTIFICATE = "documents_issued", "documents_letter", "investment_certificate"
TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column(
        ISSUED,
        sa.Column(
            "medium",
            sa.Text(),
            nullable=False,
            server_default="ELECTRONIC",
            comment="PAPER: signed by hand; the file is a scan of the original",
        ),
    )
    for name in ("state", "state_reason", "replaced_by"):
        op.drop_constraint(op.f(f"ck_{ISSUED}_{name}"), ISSUED, type_="check")
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_state"), ISSUED, "state in ('PRINTED', 'VALID', 'AMENDED', 'REVOKED', 'VOID')"
    )
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_state_reason"),
        ISSUED,
        "(state in ('PRINTED', 'VALID')) = (state_at is null) and (state_at is null) = (state_reason is null)",
    )
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_replaced_by"), ISSUED, "replaced_by is null or state in ('AMENDED', 'REVOKED')"
    )
    op.create_check_constraint(op.f(f"ck_{ISSUED}_medium"), ISSUED, "medium in ('ELECTRONIC', 'PAPER')")
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_printed"), ISSUED, "medium = 'PAPER' or state not in ('PRINTED', 'VOID')"
    )
    grants(op, ISSUED, {"officer": "UPDATE (document_id, sha256)"})
    op.add_column(
        LETTER,
        sa.Column("voided_at", TIME, comment="the number counts no more, and is never given again"),
    )
    op.add_column(LETTER, sa.Column("void_reason", sa.Text()))
    op.create_check_constraint(
        op.f(f"ck_{LETTER}_voided"), LETTER, "(voided_at is null) = (void_reason is null)"
    )
    grants(op, LETTER, {"officer": "UPDATE (voided_at, void_reason)"})
    op.add_column(
        CERTIFICATE,
        sa.Column(
            "medium",
            sa.Text(),
            nullable=False,
            server_default="ELECTRONIC",
            comment="PAPER: signed by hand, the document is a scan",
        ),
    )
    op.create_check_constraint(
        op.f(f"ck_{CERTIFICATE}_medium"), CERTIFICATE, "medium in ('ELECTRONIC', 'PAPER')"
    )
    _number_without_gaps()


def _number_without_gaps() -> None:
    """Take the certificates so far into the register of numbers, which goes on from the highest of each year."""
    office = "(select min(office_id::text)::uuid from documents_letter_number)"
    op.execute(
        f"""
        insert into documents_letter
               (id, office_id, year, kind, number, text, issued_at, document_id, subject)
        select distinct on (number) gen_random_uuid(), {office}, split_part(number, '-', 2)::bigint, 'IRC',
               split_part(number, '-', 3)::bigint, number, signed_at, document_id, 'Giấy chứng nhận đăng ký đầu tư'
          from investment_certificate
         where revision = 1 and {office} is not null
         order by number, lower(recorded)
        """
    )
    op.execute(
        """
        insert into documents_letter_number (office_id, year, kind, last_number)
        select office_id, year, kind, max(number) from documents_letter where kind = 'IRC'
         group by office_id, year, kind
        """
    )
    op.execute("drop sequence investment_certificate_number")


def downgrade() -> None:
    op.execute("create sequence investment_certificate_number")
    op.execute("grant usage on sequence investment_certificate_number to ftz_officer")
    op.execute(
        "select setval('investment_certificate_number', coalesce(max(last_number), 0) + 1, false)"
        " from documents_letter_number where kind = 'IRC'"
    )
    op.execute("delete from documents_letter where kind = 'IRC'")
    op.execute("delete from documents_letter_number where kind = 'IRC'")
    op.drop_column(CERTIFICATE, "medium")
    op.drop_constraint(op.f(f"ck_{LETTER}_voided"), LETTER, type_="check")
    op.drop_column(LETTER, "void_reason")
    op.drop_column(LETTER, "voided_at")
    for name in ("printed", "medium", "replaced_by", "state_reason", "state"):
        op.drop_constraint(op.f(f"ck_{ISSUED}_{name}"), ISSUED, type_="check")
    op.drop_column(ISSUED, "medium")
    op.create_check_constraint(op.f(f"ck_{ISSUED}_state"), ISSUED, "state in ('VALID', 'AMENDED', 'REVOKED')")
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_state_reason"),
        ISSUED,
        "(state = 'VALID') = (state_at is null) and (state = 'VALID') = (state_reason is null)",
    )
    op.create_check_constraint(
        op.f(f"ck_{ISSUED}_replaced_by"), ISSUED, "replaced_by is null or state <> 'VALID'"
    )
