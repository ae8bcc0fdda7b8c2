"""
Schedules: how rates enter the tariff and change, always as a change set of the law.

Owns reading an official schedule from a file by a profile (data that says which column means what), comparing it with
what is in force, the items of a change, and taking force. An unknown structure stops a file with sheet, row and cell;
nothing is half-imported. Single rates are edited on screens through the same items and the same two approvals. The
tables of rates and headings are the tariff's (``app.customs.tariff.models``).
"""
