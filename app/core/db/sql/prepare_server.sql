-- Prepares a PostgreSQL server for the platform: roles, memberships, timeouts.
--
-- Run once for each server as a superuser, and again after an upgrade of the platform; it may be run any
-- number of times. The private cluster of `make run` executes this same file.
--
--   createdb ftz
--   psql -d ftz -v ON_ERROR_STOP=1 -f prepare_server.sql -f prepare_database.sql
--   psql -d ftz -c '\password ftz_owner'        -- and so on for every login below
--
-- Needs PostgreSQL >= 15 with PostGIS >= 3.3 and ICU. docs/operations.md, "A database server of your own",
-- says where the passwords go.

-- What a transaction may act as. Nobody logs in as one of these.
--   ftz_tenant   an enterprise: sees the rows of its own parties only
--   ftz_officer  the authority's side of the desk
--   ftz_auth     passwords, sessions, second factors
--   ftz_worker   jobs, sealing, relays
-- Who logs in. NOINHERIT: a login has no right until a transaction takes one of its roles.
--   ftz_owner        owns the database and its schema; migrations only, no superuser
--   ftz_web_tenant   web pool of enterprises and the public
--   ftz_web_officer  web pool of officers; not the same login, because a role taken inside a transaction
--                    does not stop an injected SET ROLE
--   ftz_web_auth     web pool of sign-in
--   ftz_work         jobs
--   ftz_backup       reads everything, past row-level security, for `ftz backup`
do $roles$
declare
    name text;
begin
    foreach name in array array['ftz_tenant', 'ftz_officer', 'ftz_auth', 'ftz_worker'] loop
        if not exists (select 1 from pg_roles where rolname = name) then
            execute format('create role %I nologin', name);
        end if;
    end loop;
    foreach name in array array['ftz_owner', 'ftz_web_tenant', 'ftz_web_officer', 'ftz_web_auth',
                                'ftz_work', 'ftz_backup'] loop
        if not exists (select 1 from pg_roles where rolname = name) then
            execute format('create role %I login noinherit', name);
        end if;
    end loop;
end
$roles$;

alter role ftz_owner       inherit   nosuperuser nocreaterole nocreatedb nobypassrls noreplication;
alter role ftz_web_tenant  noinherit nosuperuser nocreaterole nocreatedb nobypassrls noreplication;
alter role ftz_web_officer noinherit nosuperuser nocreaterole nocreatedb nobypassrls noreplication;
alter role ftz_web_auth    noinherit nosuperuser nocreaterole nocreatedb nobypassrls noreplication;
alter role ftz_work        noinherit nosuperuser nocreaterole nocreatedb nobypassrls noreplication;
alter role ftz_backup      inherit   nosuperuser nocreaterole nocreatedb bypassrls   noreplication;

grant ftz_tenant to ftz_web_tenant;
grant ftz_officer to ftz_web_officer;
grant ftz_auth to ftz_web_auth;
grant ftz_tenant, ftz_officer, ftz_worker to ftz_work;
grant pg_read_all_data to ftz_backup;

-- A request that waits longer than this is answered with an error instead of holding a connection.
alter role ftz_web_tenant  set statement_timeout = '15s';
alter role ftz_web_tenant  set lock_timeout = '5s';
alter role ftz_web_tenant  set idle_in_transaction_session_timeout = '30s';
alter role ftz_web_officer set statement_timeout = '15s';
alter role ftz_web_officer set lock_timeout = '5s';
alter role ftz_web_officer set idle_in_transaction_session_timeout = '30s';
alter role ftz_web_auth    set statement_timeout = '5s';
alter role ftz_web_auth    set lock_timeout = '2s';
alter role ftz_web_auth    set idle_in_transaction_session_timeout = '15s';
-- Jobs may take their time, not another's.
alter role ftz_work        set statement_timeout = '10min';
alter role ftz_work        set lock_timeout = '10s';
alter role ftz_work        set idle_in_transaction_session_timeout = '5min';
-- A migration that waits for a lock blocks everybody behind it; it gives up and is started again.
alter role ftz_owner       set lock_timeout = '5s';
alter role ftz_owner       set idle_in_transaction_session_timeout = '5min';
alter role ftz_backup      set lock_timeout = '1min';
