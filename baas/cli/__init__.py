"""The command line `baas`: one module for each group of commands, and `supervisor` under `baas dev`.

Owns no table. Emits nothing by itself: commands call the verbs of the packages, as routes do. What they share (finding
the deployment, asking before something is destroyed, printing, exit codes) is in `common`.
"""
