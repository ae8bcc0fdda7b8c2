import pytest

from app.core.auth import PERMISSIONS, ROLES, Permission, PermissionBook, require
from app.core.errors import Forbidden
from app.core.kit.actor import ANONYMOUS, SYSTEM, Actor, ActorKind, Grant
from app.core.kit.ids import uuid7


def test_every_own_permission_is_held_by_somebody() -> None:
    book = PermissionBook(PERMISSIONS)
    assert book.resolve(ROLES) == {permission.code for permission in PERMISSIONS}


def test_titles_exist_in_both_languages() -> None:
    for role in ROLES.values():
        assert role.title.keys() == role.description.keys() == {"vi", "en"}
        assert all((*role.title.values(), *role.description.values()))


def test_duplicate_code_is_refused() -> None:
    one = Permission("a.b", "", "", frozenset({"FILER"}))
    with pytest.raises(ValueError, match="listed twice"):
        PermissionBook((one, one))


def test_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown roles: BOSS"):
        PermissionBook((Permission("a.b", "", "", frozenset({"BOSS"})),))


def test_a_role_of_an_older_release_brings_nothing(book: PermissionBook) -> None:
    assert book.resolve({"RETIRED"}) == frozenset()


def test_scope_limits_to_first_words(book: PermissionBook) -> None:
    assert book.resolve({"FILER", "SIGNER"}, scope=["goods"]) == {"goods.removal.create"}
    assert len(book.resolve({"FILER", "SIGNER"})) == 3


def test_require() -> None:
    mine, other = uuid7(), uuid7()
    actor = Actor(ActorKind.CUSTOMER, uuid7(), "", (Grant(mine, frozenset({"X"}), frozenset({"a.b"})),))
    require(actor, "c.d", "a.b", party_id=mine)
    require(SYSTEM, "a.b")
    with pytest.raises(Forbidden) as caught:
        require(actor, "a.b", party_id=other)
    assert caught.value.params == {"permission": "a.b"}
    with pytest.raises(Forbidden):
        require(ANONYMOUS, "a.b")
