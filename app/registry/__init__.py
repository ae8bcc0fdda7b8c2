"""The central database: identity of enterprises, projects, sites and code lists that every module refers to."""
