"""Rendering of templates that tenants write: `engine` runs in child processes, `renderer` keeps and ends them."""
