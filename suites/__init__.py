"""The cases: one folder an area, a file a case, manifests beside it; `claims.toml` holds the claims."""
