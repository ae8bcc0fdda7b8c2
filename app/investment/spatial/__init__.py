"""The spatial check: what the map says about the place of a project, frozen when the request is filed."""
