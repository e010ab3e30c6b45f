"""The cases: one folder per area, one file per subject, manifests next to it. `claims.toml` holds the claims."""
