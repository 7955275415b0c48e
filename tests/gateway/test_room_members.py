"""How a page lists the members of a room."""

import pytest

from gateway.domain.people import Person, named_person
from gateway.domain.room_members import RoomMember, RoomMembers, second_line, sections


def listed(*members: RoomMember, count: int = 0, online: int = 0) -> RoomMembers:
    return RoomMembers(members_count=count or len(members), online_count=online, members=members)


ADA = RoomMember(username="ada", role="owner", online=True)
GRACE = RoomMember(username="grace", role="moderator")
LINUS = RoomMember(username="linus", online=True)
MARY = RoomMember(username="mary", nickname="Mary S.")


def test_members_stand_under_what_they_are_and_then_under_whether_they_are_here() -> None:
    found = sections(listed(ADA, GRACE, LINUS, MARY, online=2), {}, is_search=False)
    assert [(one.kind, one.count, [row.member.username for row in one.rows]) for one in found] == [
        ("owner", 1, ["ada"]),
        ("moderator", 1, ["grace"]),
        ("online", 1, ["linus"]),
        ("offline", 1, ["mary"]),
    ]


def test_counts_are_of_the_whole_room_but_of_a_search_of_what_was_found() -> None:
    some = listed(ADA, LINUS, count=300, online=41)
    assert [one.count for one in sections(some, {}, is_search=False)] == [1, 0, 40, 259]
    assert [one.count for one in sections(some, {}, is_search=True)] == [1, 0, 1, 0]


def test_somebody_is_shown_as_the_page_knows_them_and_else_as_the_list_tells() -> None:
    found = sections(listed(LINUS, MARY), {"linus": Person("linus", "Tux", status="Here")}, is_search=False)
    assert [row.person.name for section in found for row in section.rows] == ["Tux", "Mary S."]


@pytest.mark.parametrize(
    "name,status,shown",
    [
        ("ada", "", ""),
        ("Ada", "Writing", "Writing"),
        ("Ada Lovelace", "", "@ada"),
        ("Ada Lovelace", "Writing", "Writing"),  # no username has a blank in it
        ("linus", "Writing", "@ada · Writing"),
        ("Grace Hopper", "Writing", "@ada · Writing"),  # as another one here is called
    ],
)
def test_below_a_name_stands_what_they_say_and_whose_the_name_is_where_it_may_be_anothers(
    name: str, status: str, shown: str
) -> None:
    somebody = Person("ada", name, status=status)
    assert second_line(somebody, [somebody, Person("grace", "grace hopper")]) == shown


def test_a_person_goes_by_the_name_that_the_reader_gave_them_and_keeps_the_rest() -> None:
    public, saved = Person("ada", "Ada Lovelace", "/p", "Writing"), Person("ada", "Countess")
    named = named_person(public, saved)
    assert named == Person("ada", "Countess", "/p", "Writing", "Ada Lovelace")
    assert named.for_scripts == {"name": "Countess", "picture": named.picture, "nickname": "Ada Lovelace"}
    assert named_person(public, Person("ada", "Ada Lovelace")) == public
    assert named_person(None, saved) == saved
    assert named_person(public, None) == public
