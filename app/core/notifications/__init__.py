"""
Notices: telling people that something concerns them, by the channels that they chose.

A notice is a row of kind and parameters; its words are made when it is read, in the reader's language. In the
platform it stands always; e-mail, SMS and Zalo are ports, and each delivery is a row with its own state. Foreign
servers are called by a job after the commit, never inside a transaction.
"""

from app.core.notifications.channels import (
    Channel,
    ChannelDown,
    ChannelRefused,
    EmailChannel,
    GatewayChannel,
    Letter,
    Port,
    ports_of,
)
from app.core.notifications.delivery import DELIVER, DELIVERY_ATTEMPTS, add_jobs
from app.core.notifications.events import NoticesChanged, pokes_of
from app.core.notifications.kinds import Audience, Kind, KindBook, Wording
from app.core.notifications.mail import add_mail_jobs, can_mail, write_mail
from app.core.notifications.models import (
    DeliveryState,
    Notification,
    NotificationAddress,
    NotificationChoice,
    NotificationDelivery,
)
from app.core.notifications.notifier import Notifier, NotifierMissing, current, install, installed
from app.core.notifications.reading import (
    DeliveryLine,
    NoticeLine,
    find,
    mark_read,
    notices,
    unread,
)
from app.core.notifications.recipients import Members, Officers, Recipient
from app.core.notifications.sending import notify
from app.core.notifications.wishes import UnfitAddress, Wishes, read_wishes, save_wishes

__all__ = [
    "DELIVER",
    "DELIVERY_ATTEMPTS",
    "Audience",
    "Channel",
    "ChannelDown",
    "ChannelRefused",
    "DeliveryLine",
    "DeliveryState",
    "EmailChannel",
    "GatewayChannel",
    "Kind",
    "KindBook",
    "Letter",
    "Members",
    "NoticeLine",
    "NoticesChanged",
    "Notification",
    "NotificationAddress",
    "NotificationChoice",
    "NotificationDelivery",
    "Notifier",
    "NotifierMissing",
    "Officers",
    "Port",
    "Recipient",
    "UnfitAddress",
    "Wishes",
    "Wording",
    "add_jobs",
    "add_mail_jobs",
    "can_mail",
    "current",
    "find",
    "install",
    "installed",
    "mark_read",
    "notices",
    "notify",
    "pokes_of",
    "ports_of",
    "read_wishes",
    "save_wishes",
    "unread",
    "write_mail",
]
