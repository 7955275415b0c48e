"""The contract of all services in one, as the gateway puts it together from what each tells of itself."""

from starlette.routing import Route

import auth_service.refusals
import auth_service.routes
import chat_service.refusals
import chat_service.routes
import media_service.refusals
import media_service.routes
import video_service.refusals
import video_service.routes
from gateway.domain.contract import joined
from gateway.domain.route_table import Service
from servicekit.contract import contract_of
from servicekit.problems import RefusalTable

SERVICES: dict[Service, tuple[list[Route], RefusalTable]] = {
    Service.AUTH: (auth_service.routes.ROUTES, auth_service.refusals.REFUSALS),
    Service.CHAT: (chat_service.routes.ROUTES, chat_service.refusals.REFUSALS),
    Service.MEDIA: (media_service.routes.ROUTES, media_service.refusals.REFUSALS),
    Service.VIDEO: (video_service.routes.ROUTES, video_service.refusals.REFUSALS),
}
DOCUMENT = joined({service: contract_of(*given) for service, given in SERVICES.items()})
