"""The contract of all services in one, as the gateway puts it together from what each tells of itself."""

from starlette.routing import Route

import auth_service.refusals
import auth_service.routes
import chat_service.refusals
import chat_service.routes
import gateway.domain.refusals
import gateway.pages.routes
import media_service.refusals
import media_service.routes
import video_service.refusals
import video_service.routes
from gateway.domain.contract import GATEWAY, joined
from gateway.domain.route_table import OWN
from servicekit.contract import contract_of
from servicekit.problems import RefusalTable

OWN_ROUTES: list[Route] = [one for one in gateway.pages.routes.PAGES if one.path in OWN]
SERVICES: dict[str, tuple[list[Route], RefusalTable]] = {
    "auth": (auth_service.routes.ROUTES, auth_service.refusals.REFUSALS),
    "chat": (chat_service.routes.ROUTES, chat_service.refusals.REFUSALS),
    "media": (media_service.routes.ROUTES, media_service.refusals.REFUSALS),
    "video": (video_service.routes.ROUTES, video_service.refusals.REFUSALS),
    GATEWAY: (OWN_ROUTES, gateway.domain.refusals.REFUSALS),
}
DOCUMENT = joined({service: contract_of(*given) for service, given in SERVICES.items()})
