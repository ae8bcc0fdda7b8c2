"""Signing in through an identity provider (OpenID Connect, code flow with PKCE), such as the national one."""
