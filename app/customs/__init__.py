"""
Digital customs: what a zone and its firms do before and after the customs authority acts.

Rooms from below: ``tariff`` (rates in time, exchange rates, customs value, taxes), ``declarations`` (prepare, send
through the gateway, follow). The authority is outside: an official number, a channel, a tax notice, a release and a
clearance come only from the customs gateway; what is computed here is a pre-calculation and says so.
"""
