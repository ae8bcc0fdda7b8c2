"""Reading parcels: the board of a day, one parcel with its messages, batches, lists."""
