"""What pages take from the running application, typed."""

from typing import Annotated

from fastapi import Depends, Request

from app.core.settings.zone import ZoneConfig
from app.core.workflow.desk import Desk


async def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


async def _zone(request: Request) -> ZoneConfig:
    zone: ZoneConfig = request.app.state.zone_config
    return zone


CurrentDesk = Annotated[Desk, Depends(_desk)]
CurrentZone = Annotated[ZoneConfig, Depends(_zone)]
