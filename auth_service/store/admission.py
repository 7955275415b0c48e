"""Admission: who may register now."""

import msgspec

from auth_service.domain.instance import Registration
from auth_service.domain.invitations import Invitation
from auth_service.domain.refusals import InvitationNeeded, RegistrationClosed
from auth_service.store.instance import IsOfGeneration, get_instance, is_claim_link
from auth_service.store.invitations import check_invitation, use_invitation
from servicekit.database import Connection


class Admission(msgspec.Struct, frozen=True):
    """By what somebody asks to be let in: the code of an invitation, or that of the claim link, or nothing.

    `registration` holds until the instance is first changed.
    """

    code: str
    registration: Registration
    is_claim_of: IsOfGeneration


def check_admission(connection: Connection, admission: Admission, *, now: float) -> None:
    """Raises RegistrationClosed, InvitationNeeded or InvitationSpent."""
    if _needs_invitation(connection, admission):
        check_invitation(connection, admission.code, now=now)


def admit(connection: Connection, admission: Admission, *, now: float) -> Invitation | None:
    """In the transaction of the registration: the invitation, of which this is a use. Raises the same."""
    return use_invitation(connection, admission.code, now=now) if _needs_invitation(connection, admission) else None


def _needs_invitation(connection: Connection, admission: Admission) -> bool:
    """Whether the code, if there is one, has to be that of an invitation.

    Who claims the instance is let in however few are: there may be nobody yet who could invite them.
    """
    if admission.code and is_claim_link(connection, admission.is_claim_of):
        return False
    registration = get_instance(connection, admission.registration).registration
    if registration == "closed":
        raise RegistrationClosed
    if registration == "invitation" and not admission.code:
        raise InvitationNeeded
    return bool(admission.code)
