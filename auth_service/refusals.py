"""How each refusal of the auth service is answered: the HTTP status, and the code."""

from auth_service.domain import refusals as facts
from servicekit.problems import ProblemType, RefusalTable

REFUSALS: RefusalTable = {
    facts.UsernameTaken: ProblemType(409, "username_taken"),
    facts.WrongCredentials: ProblemType(401, "wrong_credentials"),
    facts.WrongPassword: ProblemType(403, "wrong_password"),
    facts.UnknownUser: ProblemType(404, "unknown_user"),
    facts.UnknownSession: ProblemType(404, "unknown_session"),
}
