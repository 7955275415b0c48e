"""How each refusal of the auth service is answered: the HTTP status, and the code."""

from auth_service.domain import refusals as facts
from servicekit.problems import Answer, RefusalTable

REFUSALS: RefusalTable = {
    facts.UsernameTaken: Answer(409, "username_taken"),
    facts.WrongCredentials: Answer(401, "wrong_credentials"),
    facts.WrongPassword: Answer(403, "wrong_password"),
    facts.UnknownUser: Answer(404, "unknown_user"),
    facts.UnknownSession: Answer(404, "unknown_session"),
}
