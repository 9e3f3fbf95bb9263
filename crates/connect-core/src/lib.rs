//! A sans-IO client for Mobiscroll Connect: calls, token refresh, OAuth, retry and paging as state machines.
