"""The zone's map: sites, functional areas and the places of registered projects."""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql as pg

from migrations.helpers import grants, shared_table

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TZ = sa.TIMESTAMP(timezone=True)


def _shapes(kind: str) -> tuple[sa.Column[object], sa.Column[object]]:
    """Legal geometry, and the same in degrees, which the database keeps in step."""
    return (
        sa.Column("geometry", Geometry(kind, 9210, spatial_index=False), nullable=False),
        sa.Column(
            "geometry_wgs84",
            Geometry(kind, 4326, spatial_index=False),
            sa.Computed("st_transform(geometry, 4326)", persisted=True),
            nullable=False,
        ),
    )


def upgrade() -> None:
    op.create_table(
        "registry_map",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False, comment="SHA-256 of the file's canonical form"),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("source", pg.JSONB(), nullable=False, comment="where the shapes come from, by language"),
        sa.Column("loaded_at", TZ, nullable=False),
        sa.Column("replaced_at", TZ),
        sa.PrimaryKeyConstraint("id", name="pk_registry_map"),
        sa.CheckConstraint("status in ('ILLUSTRATIVE', 'OFFICIAL')", name="ck_registry_map_status"),
    )
    op.create_index(
        "uq_registry_map_current",
        "registry_map",
        [sa.text("(replaced_at is null)")],
        unique=True,
        postgresql_where=sa.text("replaced_at is null"),
    )
    op.create_table(
        "registry_site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("map_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", pg.JSONB(), nullable=False),
        sa.Column(
            "announced_ha",
            sa.Numeric(20, 4),
            nullable=False,
            comment="area as announced, which the shape need not have",
        ),
        *_shapes("POLYGON"),
        sa.PrimaryKeyConstraint("id", name="pk_registry_site"),
        sa.UniqueConstraint("map_id", "code", name="uq_registry_site_map_id_code"),
        sa.ForeignKeyConstraint(["map_id"], ["registry_map.id"], name="fk_registry_site_map_id"),
    )
    op.create_table(
        "registry_area",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("map_id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", pg.JSONB(), nullable=False),
        sa.Column(
            "function",
            sa.String(),
            nullable=False,
            comment="what the area is for, a code of the request's form",
        ),
        sa.Column("industries", pg.JSONB(), comment="beginnings of allowed VSIC codes"),
        *_shapes("POLYGON"),
        sa.PrimaryKeyConstraint("id", name="pk_registry_area"),
        sa.UniqueConstraint("map_id", "code", name="uq_registry_area_map_id_code"),
        sa.ForeignKeyConstraint(["map_id"], ["registry_map.id"], name="fk_registry_area_map_id"),
        sa.ForeignKeyConstraint(["site_id"], ["registry_site.id"], name="fk_registry_area_site_id"),
    )
    op.create_index("ix_registry_area_site_id", "registry_area", ["site_id"])
    op.create_table(
        "registry_project_place",
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", TZ, nullable=False),
        *_shapes("GEOMETRY"),
        sa.PrimaryKeyConstraint("project_id", name="pk_registry_project_place"),
        sa.ForeignKeyConstraint(
            ["project_id"], ["registry_project.id"], name="fk_registry_project_place_project_id"
        ),
    )
    for table, column in (
        ("registry_site", "geometry"),
        ("registry_site", "geometry_wgs84"),
        ("registry_area", "geometry"),
        ("registry_area", "geometry_wgs84"),
        ("registry_project_place", "geometry"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], postgresql_using="gist")
    for table in ("registry_map", "registry_site", "registry_area", "registry_project_place"):
        shared_table(op, table, officer="SELECT, INSERT")
    # Locking the map in use, and letting it step back, both ask for this right.
    grants(op, "registry_map", {"officer": "UPDATE (replaced_at)"})


def downgrade() -> None:
    for table in ("registry_project_place", "registry_area", "registry_site", "registry_map"):
        op.drop_table(table)
