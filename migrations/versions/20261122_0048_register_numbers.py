"""Enter the certificates so far in the register of numbers, whose owner sees them only with row security lifted."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

TABLE = "investment_certificate"
OFFICE = "(select min(office_id::text)::uuid from documents_letter_number)"


def upgrade() -> None:
    # The owner is bound by forced row-level security like everybody else; it is lifted for this one statement.
    op.execute(f"alter table {TABLE} no force row level security")
    op.execute(
        f"""
        insert into documents_letter
               (id, office_id, year, kind, number, text, issued_at, document_id, subject)
        select distinct on (number) gen_random_uuid(), {OFFICE}, split_part(number, '-', 2)::bigint, 'IRC',
               split_part(number, '-', 3)::bigint, number, signed_at, document_id, 'Giấy chứng nhận đăng ký đầu tư'
          from {TABLE}
         where revision = 1 and {OFFICE} is not null
         order by number, lower(recorded)
            on conflict do nothing
        """
    )
    op.execute(f"alter table {TABLE} force row level security")
    op.execute(
        """
        insert into documents_letter_number (office_id, year, kind, last_number)
        select office_id, year, kind, max(number) from documents_letter where kind = 'IRC'
         group by office_id, year, kind
            on conflict (office_id, year, kind) do update
           set last_number = greatest(documents_letter_number.last_number, excluded.last_number)
        """
    )
    op.create_check_constraint(
        op.f("ck_documents_letter_voided_after"),
        "documents_letter",
        "voided_at is null or voided_at >= issued_at",
    )


def downgrade() -> None:
    # The rows stay: the revision that made the register of them takes them out.
    op.drop_constraint(op.f("ck_documents_letter_voided_after"), "documents_letter", type_="check")
