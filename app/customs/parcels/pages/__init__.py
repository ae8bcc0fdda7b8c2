"""Pages of low-value parcels: board of the day, one parcel, upload, lists."""

from app.customs.parcels.pages.board import HERE, board_pages
from app.customs.parcels.pages.lists import list_pages
from app.customs.parcels.pages.parcel import parcel_pages
from app.customs.parcels.pages.upload import upload_pages, upload_uploads

__all__ = ["HERE", "board_pages", "list_pages", "parcel_pages", "upload_pages", "upload_uploads"]
