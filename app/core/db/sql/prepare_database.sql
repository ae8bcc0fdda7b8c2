-- Prepares one database for the platform: owner, who may connect, extensions.
--
-- Run as a superuser, connected to that database, after prepare_server.sql; it may be run any number of times.

do $database$
begin
    execute format('alter database %I owner to ftz_owner', current_database());
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to ftz_web_tenant, ftz_web_officer, ftz_web_auth, ftz_work, ftz_backup',
                   current_database());
end
$database$;

-- The schema belongs to the owner of the database (pg_database_owner); nobody else may create in it.
revoke create on schema public from public;

create extension if not exists postgis;     -- not a trusted extension: a superuser has to make it
create extension if not exists btree_gist;
create extension if not exists pg_trgm;
create extension if not exists unaccent;

-- Migrations add the projected system of legal geometry (EPSG:9210), which PostGIS 3.3 does not ship.
grant select, insert on spatial_ref_sys to ftz_owner;
