"""The private cluster on real processes; durable writes are off, since nothing here must survive."""

import json
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.core.db import WEB_LOGINS, WORK_LOGINS, Database
from app.core.db.cluster import (
    ClusterError,
    OtherMajorVersion,
    PostgisMissing,
    PrivateCluster,
    SecretsLost,
    SocketPathTooLong,
    places,
    server,
)
from app.core.db.cluster.preparation import LOGINS


def make_cluster(folder: Path) -> PrivateCluster:
    return PrivateCluster(folder, fsync=False, connections=30)


@pytest.fixture(scope="module")
def shared() -> Iterator[PrivateCluster]:
    # The name has a space on purpose; pytest's own directory cannot be entered by the server's user.
    folder = Path(tempfile.mkdtemp(prefix="ftz cluster "))
    folder.chmod(0o755)
    cluster = make_cluster(folder / "var")
    cluster.ensure()
    yield cluster
    cluster.destroy()
    shutil.rmtree(folder)


@pytest.fixture
def own() -> Iterator[PrivateCluster]:
    folder = Path(tempfile.mkdtemp(prefix="ftz-cluster-"))
    cluster = make_cluster(folder / "var")
    yield cluster
    if cluster.var.exists():
        cluster.destroy()
    shutil.rmtree(folder)


def test_secrets_and_sockets_are_closed_to_others(shared: PrivateCluster) -> None:
    status = shared.status()
    assert status.postmaster is not None
    closed = [shared.var / "secrets", status.places.data, status.postmaster.sockets]
    assert {stat.S_IMODE(path.stat().st_mode) for path in closed} == {0o700}
    files = [shared.var / "secrets" / name for name in ("database.json", "cluster.json")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_nothing_listens_on_the_network_and_nobody_is_trusted(shared: PrivateCluster) -> None:
    with psycopg.connect(shared.boot_conninfo()) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)
        rules = connection.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert rules == [("scram-sha-256",)]
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(shared.ensure().conninfo("ftz_work").replace(":", ":x", 2).replace(":x//", "://"))


def test_every_login_of_the_product_is_safe_and_works(shared: PrivateCluster) -> None:
    target = shared.ensure()
    for logins in (WEB_LOGINS, WORK_LOGINS):
        database = Database(target, logins=logins, pool_size=2)
        database.refuse_unsafe_logins()
        database.close()
    for login in LOGINS:
        with psycopg.connect(target.conninfo(login)) as connection:
            assert connection.execute("select session_user").fetchone() == (login,)


def test_the_owner_can_add_the_projection_and_owns_the_database(shared: PrivateCluster) -> None:
    target = shared.ensure()
    with psycopg.connect(target.conninfo("ftz_owner")) as connection:
        connection.execute("create table parcel (id int)")
        connection.execute("insert into spatial_ref_sys (srid, auth_name, auth_srid) values (998210, 'T', 1)")
        assert connection.execute("select st_srid(st_point(1, 2, 4326))").fetchone() == (4326,)
        connection.rollback()
    with psycopg.connect(target.conninfo("ftz_work")) as connection:
        assert connection.execute("show statement_timeout").fetchone() == ("10min",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table parcel (id int)")


def test_a_second_user_joins_and_the_last_one_stops_it(own: PrivateCluster) -> None:
    own.ensure()
    second = make_cluster(own.var)
    second.ensure()
    own.stop()
    assert second.status().postmaster is not None
    second.stop()
    assert second.status().postmaster is None


def test_it_comes_back_after_kill_nine_with_its_data(own: PrivateCluster) -> None:
    own = PrivateCluster(own.var, connections=30)  # durable: what was committed has to be there
    own.ensure()
    with psycopg.connect(own.boot_conninfo()) as connection:
        connection.execute("create table kept as select 1 as one")
    postmaster = own.status().postmaster
    assert postmaster is not None
    os.kill(postmaster.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while own.status().postmaster is not None and time.monotonic() < deadline:
        time.sleep(0.01)
    own.ensure()
    with psycopg.connect(own.boot_conninfo()) as connection:
        assert connection.execute("select one from kept").fetchone() == (1,)
    own.stop()


def test_a_lock_file_whose_number_now_belongs_to_another_process_is_no_obstacle(own: PrivateCluster) -> None:
    own.ensure()
    own.stop()
    lock = own.status().places.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{lock.parent}\n1\n5432\n/nowhere\n\n\n\n")
    own.ensure()
    assert own.status().postmaster is not None


def test_a_swept_away_socket_is_made_again(own: PrivateCluster) -> None:
    own.ensure()
    first = own.status().postmaster
    assert first is not None
    (first.sockets / ".s.PGSQL.5432").unlink()
    with make_cluster(own.var):
        second = own.status().postmaster
    assert second is not None
    assert second.pid != first.pid


def test_lost_passwords_of_logins_are_replaced_and_a_lost_key_to_the_data_is_told(
    own: PrivateCluster,
) -> None:
    own.ensure()
    own.stop()
    (own.var / "secrets" / "database.json").unlink()
    with psycopg.connect(own.ensure().conninfo("ftz_work")) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    own.stop()
    (own.var / "secrets" / "cluster.json").unlink()
    with pytest.raises(SecretsLost, match="make fresh"):
        make_cluster(own.var).ensure()


def test_data_of_another_major_version_are_refused_with_the_command(own: PrivateCluster) -> None:
    data = own.status().places.data
    own.var.mkdir(parents=True)
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    if os.geteuid() == 0:
        for path in (data.parent, data):
            os.chown(path, own.status().places.uid or 65534, 65534)
    with pytest.raises(OtherMajorVersion, match=r"apt-get install .*postgresql-14-postgis-3"):
        own.ensure()


def test_a_missing_postgis_names_the_way_out(own: PrivateCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "installed", list)
    with pytest.raises(PostgisMissing, match="FTZ_DATABASE_URL"):
        own.ensure()


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr(os, "geteuid", lambda: long.stat().st_uid or os.getuid())
    monkeypatch.setattr(places, "SYSTEM_SOCKETS", long)
    with pytest.raises(SocketPathTooLong, match="XDG_RUNTIME_DIR"):
        places.choose(tmp_path / "var")


def test_a_clone_has_the_rows_and_the_rights(shared: PrivateCluster) -> None:
    template = shared.create_database("t_template")
    with psycopg.connect(template.conninfo("ftz_owner")) as connection:
        connection.execute("create table kept as select 7 as n")
    try:
        copy = shared.create_database("t_copy", template="t_template")
        with psycopg.connect(copy.conninfo("ftz_owner")) as connection:
            assert connection.execute("select n from kept").fetchone() == (7,)
        with psycopg.connect(copy.conninfo("ftz_web_tenant")) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        shared.drop_database("t_copy")
        shared.drop_database("t_template")


def test_a_moved_instance_is_told_where_its_data_are(own: PrivateCluster, tmp_path: Path) -> None:
    elsewhere = tmp_path / "old"
    (elsewhere / "data").mkdir(parents=True)
    (own.var / "secrets").mkdir(parents=True)
    record = {"base": str(elsewhere), "boot_password": "x"}
    (own.var / "secrets" / "cluster.json").write_text(json.dumps(record))
    with pytest.raises(ClusterError, match="mv "):
        own.ensure()


def test_a_running_instance_is_not_destroyed(own: PrivateCluster) -> None:
    own.ensure()
    with pytest.raises(ClusterError, match="Stop it first"):
        make_cluster(own.var).destroy()
