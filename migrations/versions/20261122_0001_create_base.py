"""Schema rights, extensions and the legal reference system every later table stands on."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = "ftz_tenant, ftz_officer, ftz_auth, ftz_worker"

# EPSG:9210, VN-2000 / TM-3 105-45: the legal system of the city's land records. PostGIS 3.3 does not ship it.
SRID_9210 = """
insert into spatial_ref_sys (srid, auth_name, auth_srid, srtext, proj4text)
values (9210, 'EPSG', 9210,
  'PROJCS["VN-2000 / TM-3 105-45",GEOGCS["VN-2000",DATUM["Vietnam_2000",SPHEROID["WGS 84",6378137,298.257223563],'
  || 'TOWGS84[-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278]],'
  || 'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433],AUTHORITY["EPSG","4756"]],'
  || 'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",105.75],'
  || 'PARAMETER["scale_factor",0.9999],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],'
  || 'UNIT["metre",1],AUTHORITY["EPSG","9210"]]',
  '+proj=tmerc +lat_0=0 +lon_0=105.75 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 '
  || '+towgs84=-191.90441429,-39.30318279,-111.45032835,-0.00928836,0.01975479,-0.00427372,0.252906278 +units=m +no_defs')
on conflict (srid) do nothing
"""


def upgrade() -> None:
    op.execute("revoke create on schema public from public")
    op.execute(f"grant usage on schema public to {ROLES}")
    for extension in ("btree_gist", "pg_trgm", "unaccent"):
        op.execute(f"create extension if not exists {extension}")
    op.execute(SRID_9210)


def downgrade() -> None:
    # The reference system stays: the table belongs to PostGIS, and its owner alone may delete from it.
    op.execute(f"revoke usage on schema public from {ROLES}")
