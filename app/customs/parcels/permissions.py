"""Who may do what with low-value parcels."""

from app.core.auth.clients.scopes import PARCELS_READ, PARCELS_WRITE
from app.core.auth.permissions import Permission
from app.core.i18n import N_

SEND = "customs.parcels.send"
READ = "customs.parcels.read"
LIST = "customs.parcels.list"
BUYERS = "customs.parcels.read-buyers"

PERMISSIONS = (
    Permission(
        SEND,
        N_("Send parcel data"),
        N_("Send orders, payments, waybills and returns of low-value parcels."),
        frozenset({"ENTERPRISE_ADMIN", "FILER"}),
        frozenset({PARCELS_WRITE}),
    ),
    Permission(
        READ,
        N_("Read parcel data"),
        N_("See parcels, their match and their lists: an operator its own, customs those of the zone."),
        frozenset({"ENTERPRISE_ADMIN", "FILER", "SIGNER", "CUSTOMS"}),
        frozenset({PARCELS_READ}),
    ),
    Permission(
        LIST,
        N_("Close low-value lists"),
        N_("Put matched parcels on a list, close it, send it to customs and correct it."),
        frozenset({"ENTERPRISE_ADMIN", "FILER"}),
    ),
    Permission(
        BUYERS,
        N_("Read buyers of parcels for a stated purpose"),
        N_("Open the covered data of buyers and consignees; each reading is shown to the operator."),
        frozenset({"CUSTOMS"}),
    ),
)
